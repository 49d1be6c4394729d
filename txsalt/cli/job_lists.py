"""``job list`` and ``job active``."""

import argparse
import sys
import time
from datetime import datetime
from typing import Any  # answers of the master are any msgpack value

from txsalt.cli import login_options, output_options
from txsalt.cli.output_options import Printer
from txsalt.client import follow, records
from txsalt.client.session import Session
from txsalt.client.steps import Job, Returned
from txsalt.jobs import exit_codes

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
    with output_options.printing(options) as printer:
        _print(printer, found, ["jid", *_HEAD], [[job["jid"], *_row(job)] for job in found])
    if more:
        print(f"txsalt-cli: there are more than {limit} jobs; --limit N or --all", file=sys.stderr)
    return exit_codes.OK


def active(options: argparse.Namespace) -> int:
    """
    Print the jobs that run now.

    Only minions that owe an answer to a job of the last day are asked, all at once, what they run.
    """
    session = login_options.session(options)
    with output_options.printing(options) as printer:
        found = sorted(_running(session, options), key=lambda job: str(job["jid"]))
        rows = [
            [job["jid"], *_row(job)[:4], job["returned"], ", ".join(job["running"])]
            for job in found
        ]
        _print(printer, found, ["jid", *_HEAD[:4], "returned", "running on"], rows)
    return exit_codes.OK


def _running(session: Session, options: argparse.Namespace) -> list[dict[str, Any]]:
    """
    Return the jobs that somebody runs, each with the ids of those as ``running``.

    What minions run of a batch are its parts; it is the batch that one waits for, or kills.
    """
    since = options.since(time.time()) if options.since else time.time() - _ACTIVE_SECONDS
    waiting = {job["jid"]: job for job in records.unfinished(session, since)}
    asked = sorted({minion for job in waiting.values() for minion in job["waiting"]})
    running: dict[str, list[str]] = {}
    if asked:
        job = Job(tgt=asked, tgt_type="list", fun="saltutil.running", timeout=options.timeout)
        for step in follow.run(session, job):
            if isinstance(step, Returned) and isinstance(step.load.get("return"), list):
                for each in step.load["return"]:
                    jid = str(each.get("jid")) if isinstance(each, dict) else ""
                    if jid in waiting:
                        batch = str(waiting[jid].get("batch"))
                        shown = batch if batch in waiting else jid
                        running.setdefault(shown, []).append(step.minion)
    return [{**waiting[jid], "running": sorted(ids)} for jid, ids in running.items()]


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


def _print(
    printer: Printer, found: list[dict[str, Any]], head: list[str], rows: list[list[Any]]
) -> None:
    """Print jobs as a table of ``rows`` where no other form is wanted."""
    if printer.how == output_options.LINES:
        for job in found:
            printer.show_line(job)
    elif printer.how not in (None, "table"):
        printer.show({job["jid"]: job for job in found})
    elif rows:
        from txsalt.outputters.colors import Colors
        from txsalt.outputters.table import columns

        printer.write(columns(head, rows, Colors(printer.colour)))
