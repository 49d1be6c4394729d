"""``job wait``, ``job kill`` and ``job rerun``: deal with a job that was started before."""

import argparse
import sys
from contextlib import suppress
from typing import Any  # answers of the master are any msgpack value

from txsalt.cli import login_options, output_options, returner_options
from txsalt.cli.run_job import tell
from txsalt.client import batch_view, follow, records
from txsalt.client.session import Session
from txsalt.client.steps import Job
from txsalt.errors import LocalError, RequestRefused
from txsalt.jobs import exit_codes
from txsalt.light import frozen

# What a publication carries, besides what every job has.
_CARRIED = ("metadata", "module_executors", "executor_opts", "start_event", "stream")
_OPTIONS = {"ret_config": "--return-config", "ret_kwargs": "--return-kwargs"}


@frozen
class NotKept(LocalError):
    """A job cannot be the same again, since what it was given for its returner is not known."""

    jid: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        options = " and ".join(_OPTIONS[name] for name in self.names)
        return (
            f"job {self.jid} had {options}, which may be secrets and cannot be looked up: give them"
            " again, or say with --return where the results are to go instead"
        )


def wait(options: argparse.Namespace) -> int:
    """Follow a job to its end: first what is stored, then what comes."""
    session = login_options.session(options)
    with output_options.reporting(options, session.config, None) as report:
        steps = batch_view.attach(
            session,
            options.jids[0],
            timeout=options.timeout,
            tick=report.tick,
            deadline=options.deadline,
        )
        return tell(steps, report)


def kill(options: argparse.Namespace) -> int:
    """End a job where it still runs, and print what each minion says to that."""
    session, jid = login_options.session(options), options.jids[0]
    record = records.show(session, jid)
    waiting = _waiting(record)
    if batch := record.get("batch"):
        print(
            f"txsalt-cli: {jid} is a part of batch {batch};"
            f" 'txsalt-cli job kill {batch}' ends all of it",
            file=sys.stderr,
        )
    if not waiting:
        print(f"txsalt-cli: job {jid} has ended: all have returned", file=sys.stderr)
        return exit_codes.OK
    function = "saltutil.term_job" if options.term else "saltutil.kill_job"
    if batch_view.stop(session, jid, function):
        print(f"txsalt-cli: batch {jid} starts nobody any more", file=sys.stderr)
        return wait(options)
    job = Job(tgt=waiting, tgt_type="list", fun=function, arg=[jid], timeout=options.timeout)
    return _run(session, job, options)


def rerun(options: argparse.Namespace) -> int:
    """
    Run a job again: for the same target, or only where it failed or did not return.

    A batch is a batch again, with the same plan. Raises NotKept rather than to deliver results to
    another place than the job did.
    """
    session, jid = login_options.session(options), options.jids[0]
    record = records.show(session, jid)
    load = record["load"]
    tgt, tgt_type = load["tgt"], load.get("tgt_type", "glob")
    if options.failed or options.missing:
        failed = [each for each, (_, good) in record["outcomes"].items() if not good]
        tgt, tgt_type = failed if options.failed else _waiting(record), "list"
        if not tgt:
            what = "failed" if options.failed else "missing"
            print(f"txsalt-cli: of job {jid} nothing is {what}", file=sys.stderr)
            return exit_codes.OK
    job = Job(
        tgt=tgt,
        tgt_type=tgt_type,
        fun=load["fun"],
        arg=load.get("arg") or [],
        delimiter=load.get("delimiter") or ":",
        timeout=options.timeout,
        deadline=load.get("deadline") if options.deadline is None else options.deadline,
        ret=options.ret or load.get("ret") or "",
        extra={
            **{name: load[name] for name in _CARRIED if load.get(name)},
            **_delivery(session, record, options),
            **_plan(session, jid),
        },
    )
    if options.asynchronous:
        with output_options.printing(options) as printer:
            printer.write(session.publish(job).jid)
        return exit_codes.OK
    return _run(session, job, options)


def _run(session: Session, job: Job, options: argparse.Namespace) -> int:
    with output_options.reporting(options, session.config, job) as report:
        run = batch_view.run if "batch" in job.extra else follow.run
        return tell(run(session, job, tick=report.tick), report)


def _plan(session: Session, jid: str) -> dict[str, Any]:
    plan = batch_view.state(session, jid).get("plan")
    # Somebody may have stopped it; it is to run now.
    return {"batch": {**plan, "halted": False}} if plan else {}


def _delivery(
    session: Session, record: dict[str, Any], options: argparse.Namespace
) -> dict[str, Any]:
    """Return the options of the returner. Raises NotKept."""
    given = returner_options.chosen(options)
    withheld = record.get("withheld") or []
    if options.ret or not withheld:
        return given
    known = {}
    # Who has but some rights over the master is not told.
    with suppress(RequestRefused):
        known = session.runner("jobs.delivery", jid=record["jid"])
    found = {**known, **given}
    lost = tuple(name for name in withheld if name not in found)
    if lost:
        raise NotKept(record["jid"], lost)
    return found


def _waiting(record: dict[str, Any]) -> list[str]:
    return [each for each in record["minions"] if each not in record["outcomes"]]
