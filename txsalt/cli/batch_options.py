"""The options of ``txsalt-cli TARGET FUNCTION`` that spread a job over time."""

import argparse
from typing import TYPE_CHECKING

from txsalt.cli.options import Parser, count, seconds
from txsalt.client.steps import Job
from txsalt.light import evolve

if TYPE_CHECKING:
    from txsalt.config.master import MasterConfig

_SAFE_SIZE = "8"


def add(made: Parser) -> None:
    """Add the options."""
    batch = made.add_argument_group("in batches (the master goes on with them by itself)")
    batch.add_argument(
        "-b", "--batch", "--batch-size", dest="batch", type=_size, metavar="N|N%",
        help="at most so many minions at once",
    )  # fmt: skip
    batch.add_argument(
        "--batch-wait", type=seconds, metavar="SECONDS", default=0.0,
        help="time between the end on one minion and the start on the next",
    )  # fmt: skip
    batch.add_argument(
        "--batch-safe-limit", type=count, metavar="N", default=0,
        help="a batch of --batch-safe-size only if N or more minions are meant (N above 1)",
    )  # fmt: skip
    batch.add_argument("--batch-safe-size", type=_size, metavar="N|N%")
    batch.add_argument(
        "--max-fail", type=_number, metavar="N|N%",
        help="start nobody any more once more than so many failed, or sent nothing",
    )  # fmt: skip
    batch.add_argument("--failhard", action="store_true", help="the same as --max-fail 0")
    batch.add_argument(
        "--canary", type=_stages, metavar="N|N%,…", default=[],
        help="in stages, each begun when the one before has ended: 1,10%%,50%%,100%%",
    )  # fmt: skip


def with_plan(job: Job, options: argparse.Namespace, config: "MasterConfig") -> Job:
    """
    Return the job with the plan that the options make, or the very job if they make none.
    """
    max_fail = options.max_fail or ("0" if options.failhard else "")
    limit = 0 if options.batch or options.canary else options.batch_safe_limit
    if limit <= 1:
        limit = 0  # as Salt has it: a limit of one is none
    if not (options.batch or options.canary or max_fail or limit or options.batch_wait):
        return job
    plan = {
        "size": options.batch or ((options.batch_safe_size or _SAFE_SIZE) if limit else ""),
        "wait": options.batch_wait,
        "max_fail": max_fail,
        "canary": options.canary,
        "safe_limit": limit,
        "timeout": config.timeout if job.timeout is None else job.timeout,
        "gather_job_timeout": config.gather_job_timeout,
    }
    return evolve(job, extra={**job.extra, "batch": plan})


def mistake(options: argparse.Namespace) -> str:
    """Say what is wrong with options of which each alone is right; "" if nothing is."""
    if options.max_fail and not (options.batch or options.canary or options.batch_safe_limit):
        return "--max-fail needs -b or --canary: without, all are started at once"
    return ""


def is_batch(job: Job) -> bool:
    """Tell whether a job has a plan."""
    return "batch" in job.extra


def _number(text: str) -> str:
    from txsalt.errors import BadLoad
    from txsalt.jobs.batch_plan import number

    try:
        found = number(text, "")
    except BadLoad:
        found = ""
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor a percentage")
    return found


def _size(text: str) -> str:
    found = _number(text)
    if not float(found.removesuffix("%")):
        raise argparse.ArgumentTypeError("a batch of none at once would never end")
    return found


def _stages(text: str) -> list[str]:
    return [_number(each) for each in text.split(",")]
