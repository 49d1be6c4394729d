"""``txsalt-cli TARGET FUNCTION [ARGUMENTS]``: run a function on minions and print what they
return."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from txsalt.cli import batch_options, login_options, output_options
from txsalt.cli.job_options import UsageError, make_parser, read_job
from txsalt.cli.main import commands
from txsalt.cli.options import parse_with_stdin
from txsalt.client import follow
from txsalt.client.session import Session
from txsalt.client.steps import Ended, Job, NobodyMatches, Published, Returned, Step, Told, Waiting
from txsalt.errors import LocalError, RemoteError
from txsalt.jobs import exit_codes

if TYPE_CHECKING:
    from txsalt.cli.report import Report


def main(argv: list[str]) -> int:
    """Run one job; return 0 only if every expected minion succeeded."""
    known = commands()
    made = make_parser(known)
    options = parse_with_stdin(made, argv)
    try:
        job = read_job(options, known)
    except UsageError as exc:
        made.error(str(exc))
    session = login_options.session(options)
    try:
        return _do(session, job, options)
    except NobodyMatches as exc:
        from txsalt.cli import targets

        raise NobodyMatches(f"{exc}{targets.hint(job)}") from None


def _do(session: Session, job: Job, options: argparse.Namespace) -> int:
    job = batch_options.with_plan(job, options, session.config)
    if options.subset is not None:
        from txsalt.cli import targets

        job = targets.subset(session, job, options.subset, options.seed)
    if options.preview_target or options.doc or options.asynchronous:
        return _without_report(session, job, options)
    with output_options.reporting(options, session.config, job) as report:
        if batch_options.is_batch(job):
            from txsalt.client import batch_view

            steps = batch_view.run(session, job, tick=report.tick)
        else:
            steps = follow.run(session, job, tick=report.tick)
        return tell(_explained(session, steps), report)


def _without_report(session: Session, job: Job, options: argparse.Namespace) -> int:
    with output_options.printing(options) as printer:
        if options.preview_target:
            from txsalt.cli import targets

            return targets.show(session, job, printer)
        if options.doc:
            from txsalt.cli import function_docs

            return function_docs.show(session, job, printer)
        printer.write(session.publish(job).jid)
        return exit_codes.OK


def _explained(session: Session, steps: Iterator[Step]) -> Iterator[Step]:
    """Pass the steps on; if all that is named has no accepted key, say of each why."""
    try:
        yield from steps
    except NobodyMatches as exc:
        if not exc.missing:
            raise
        from txsalt.client import reasons

        found = reasons.of_unknown(session, exc.missing)
        if found is None:
            raise
        yield Published(jid="", minions=[], missing=list(exc.missing))
        yield Ended(found)


def tell(steps: Iterator[Step], report: "Report") -> int:
    """Report each step of a job; return the exit code."""
    try:
        for step in steps:
            match step:
                case Published():
                    report.published(step)
                case Returned():
                    report.returned(step)
                case Told():
                    report.told(step)
                case Waiting():
                    report.waiting(step)
                case Ended(missing):
                    report.ended(missing)
    except BrokenPipeError:
        raise  # nobody reads any more, and wants to know how to go on
    except (KeyboardInterrupt, LocalError, RemoteError, OSError):
        report.hide()
        if report.jid:
            print(
                f"txsalt-cli: job {report.jid} goes on without us;"
                f" 'txsalt-cli job wait {report.jid}' follows it again",
                file=sys.stderr,
            )
        raise
    return report.exit_code
