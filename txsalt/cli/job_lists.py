"""``job list`` and ``job active``."""

import argparse
import sys
import time
from datetime import datetime
from typing import Any  # answers of the master are any msgpack value

from txsalt.cli import login_options
from txsalt.client import follow, records
from txsalt.client.steps import Job, Returned
from txsalt.jobs import exit_codes
from txsalt.outputters.render import render

_LIMIT = 50
# Who asks for longer ago wants history, and not what runs.
_ACTIVE_SECONDS = 86400.0


def list_jobs(options: argparse.Namespace) -> int:
    """Print jobs in short."""
    session = login_options.session(options)
    limit = options.limit or (0 if options.all else _LIMIT)
    found = records.search(session, **query(options), limit=limit and limit + 1)
    more = bool(limit) and len(found) > limit
    found = found[:limit] if limit else found
    if options.output in (None, "table"):
        _print_table({job["jid"]: _row(job) for job in found}, ["jid", *_HEAD], sys.stdout.isatty())
    else:
        _print_records(found, options.output)
    if more:
        print(f"txsalt-cli: there are more than {limit} jobs; --limit N or --all", file=sys.stderr)
    return exit_codes.OK


def active(options: argparse.Namespace) -> int:
    """
    Print the jobs that run now.

    Only minions that owe an answer to a job of the last day are asked, all at once, what they run.
    """
    session = login_options.session(options)
    since = options.since(time.time()) if options.since else time.time() - _ACTIVE_SECONDS
    waiting = {job["jid"]: job for job in records.unfinished(session, since)}
    asked = sorted({minion for job in waiting.values() for minion in job["waiting"]})
    running: dict[str, list[str]] = {}
    if asked:
        job = Job(tgt=asked, tgt_type="list", fun="saltutil.running", timeout=options.timeout)
        for step in follow.run(session, job):
            if isinstance(step, Returned) and isinstance(step.load.get("return"), list):
                for each in step.load["return"]:
                    if isinstance(each, dict) and str(each.get("jid")) in waiting:
                        running.setdefault(str(each["jid"]), []).append(step.minion)
    shown = {jid: {**waiting[jid], "running": sorted(ids)} for jid, ids in running.items()}
    if options.output in (None, "table"):
        rows = {
            jid: [*_row(job)[:4], job["returned"], ", ".join(job["running"])]
            for jid, job in sorted(shown.items())
        }
        head = ["jid", *_HEAD[:4], "returned", "running on"]
        _print_table(rows, head, sys.stdout.isatty())
    else:
        _print_records(list(shown.values()), options.output)
    return exit_codes.OK


def query(options: argparse.Namespace) -> dict[str, Any]:
    """Return the search that the options mean."""
    now = time.time()
    found: dict[str, Any] = {
        name: getattr(options, name) for name in ("function", "target", "user", "minion")
    }
    # Nobody started these: the command line asks so who still works on a job.
    found["hide"] = "saltutil.find_job"
    if options.since is not None:
        found["since"] = options.since(now)
    if options.until is not None:
        found["until"] = options.until(now)
    return found


_HEAD = ("started", "function", "target", "user", "expected", "returned", "failed")


def _row(job: dict[str, Any]) -> list[Any]:
    started = datetime.fromtimestamp(job["created"]).astimezone().isoformat(" ", "seconds")
    target = job["tgt"] if len(job["tgt"]) <= _TARGET_WIDTH else job["tgt"][:_TARGET_WIDTH] + "…"
    counts = [job[name] for name in ("expected", "returned", "failed")]
    return [started, job["fun"], target, job["user"], *counts]


_TARGET_WIDTH = 40


def _print_table(rows: dict[str, list[Any]], head: list[str], colour: bool) -> None:
    from txsalt.outputters.colors import Colors
    from txsalt.outputters.table import columns

    if rows:
        print(columns(head, [[jid, *row] for jid, row in rows.items()], Colors(colour)))


def _print_records(found: list[dict[str, Any]], how: str) -> None:
    if how == "jsonl":
        from txsalt.outputters import json_text

        for job in found:
            print(json_text.render(job, indent=None))
        return
    shown = "json" if how == "json-v1" else how
    print(render({job["jid"]: job for job in found}, shown, color=sys.stdout.isatty()))
