"""``job show`` and ``job export``: a job with everything that is stored of it."""

import argparse
from datetime import UTC, datetime
from typing import Any  # answers of the master are any msgpack value

from txsalt.cli import login_options, output_options
from txsalt.cli.job_lists import query
from txsalt.client import records
from txsalt.client.session import Session
from txsalt.jobs import exit_codes

SCHEMA = "txsalt.stored-job/1"


def show(options: argparse.Namespace) -> int:
    """Print one job as it stands; a running one has minions that are waited for."""
    session = login_options.session(options)
    job = stored(session, options.jids[0])
    with output_options.printing(options) as printer:
        printer.show(_shown(job, printer.how))
    return exit_codes.OK


def export(options: argparse.Namespace) -> int:
    """Print jobs with all returns, one JSON document a line, oldest first."""
    if options.output not in (None, "json", output_options.LINES):
        options.complain("'job export' has one form: a line of JSON for each job")
    session = login_options.session(options)
    jids = options.jids or [
        job["jid"]
        for job in reversed(records.search(session, **query(options), limit=options.limit or 0))
    ]
    with output_options.printing(options) as printer:
        for jid in jids:
            printer.show_line(stored(session, jid))
    return exit_codes.OK


def stored(session: Session, jid: str) -> dict[str, Any]:
    """
    Return a job as docs/output.md describes it: schema ``txsalt.stored-job/1``.

    Each minion's ``outcome`` is succeeded, failed, waiting, or unknown (no accepted key). Raises
    UnknownJob.
    """
    record = records.show(session, jid)
    load = record["load"]
    minions: dict[str, dict[str, Any]] = {}
    for minion, returned in records.returns(session, jid):
        received, good = record["outcomes"].get(minion, (None, True))
        minions[minion] = {
            "outcome": "succeeded" if good else "failed",
            "retcode": returned.get("retcode", 0),
            "return": returned.get("return"),
            "received": None if received is None else _iso(received),
        }
    for outcome, ids in (("waiting", record["minions"]), ("unknown", record["missing"])):
        for minion in ids:
            minions.setdefault(minion, {"outcome": outcome})
    return {
        "schema": SCHEMA,
        "jid": jid,
        "created": _iso(record["created"]),
        **{name: load.get(name) for name in ("fun", "arg", "tgt", "tgt_type", "user")},
        "asked_by_minion": record["owner"],
        "expected": len(record["minions"]),
        "minions": dict(sorted(minions.items())),
    }


def _shown(job: dict[str, Any], how: str | None) -> dict[str, Any]:
    """Return what people see of a job; programs see all of it."""
    if how in ("json", output_options.DOCUMENT, output_options.LINES):
        return job
    minions: dict[str, Any] = job.pop("minions")
    if how == "table":
        return minions
    return {job.pop("jid"): {**_short(job, minions), "minions": minions}}


def _short(job: dict[str, Any], minions: dict[str, Any]) -> dict[str, Any]:
    waiting = sum(each["outcome"] == "waiting" for each in minions.values())
    shown = {
        name: value for name, value in job.items() if value not in (None, []) and name != "schema"
    }
    return {**shown, "state": f"waits for {waiting}" if waiting else "complete"}


def _iso(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds")
