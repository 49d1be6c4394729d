"""``txsalt-cli job``: list, show, wait for, kill, repeat and export jobs."""

import argparse
import importlib

from txsalt.cli import login_options, output_options, returner_options
from txsalt.cli.options import Parser, count, moment, parser, seconds

# Word → (module, function, what it does). One line for each; the modules cost time to import.
ACTIONS = {
    "list": ("txsalt.cli.job_lists", "list_jobs", "jobs in short, newest first"),
    "show": ("txsalt.cli.job_show", "show", "one job: who returned what, who has not; also now"),
    "active": ("txsalt.cli.job_lists", "active", "jobs that minions say they run now"),
    "wait": ("txsalt.cli.job_again", "wait", "follow a job until its end, as if just started"),
    "attach": ("txsalt.cli.job_again", "wait", "the same, for batches too"),
    "kill": ("txsalt.cli.job_again", "kill", "end a job on all minions that still run it"),
    "rerun": ("txsalt.cli.job_again", "rerun", "run a job once more"),
    "export": ("txsalt.cli.job_show", "export", "jobs with all returns, one JSON line each"),
}
_EPILOG = """\
examples:
  txsalt-cli job list --function 'state.*' --since 2h
  txsalt-cli job show 20261123052112218997
  txsalt-cli job wait 20261123052112218997 --out json
  txsalt-cli job rerun 20261123052112218997 --failed
  txsalt-cli job export --minion web1 --since 1d --out-file jobs.jsonl

actions:
"""


def main(argv: list[str]) -> int:
    """Do one thing with jobs; the exit code is that of the job where one is followed."""
    made = make_parser()
    options = made.parse_intermixed_args(argv)
    needs = options.action in ("show", "wait", "attach", "kill", "rerun")
    if needs and len(options.jids) != 1:
        made.error(f"'job {options.action}' needs one job id; 'txsalt-cli job list' shows them")
    if options.jids and options.action in ("list", "active"):
        made.error(f"'job {options.action}' takes no job id; 'job show {options.jids[0]}' does")
    for jid in options.jids:
        if not (jid.isascii() and jid.replace("_", "").isdigit()):
            made.error(f"{jid!r} is no job id: those are numbers, as 'txsalt-cli job list' shows")
    module, function, _ = ACTIONS[options.action]
    return int(getattr(importlib.import_module(module), function)(options))


def make_parser() -> Parser:
    """Return the parser."""
    listed = "".join(f"  {name:<8}{text}\n" for name, (_, _, text) in ACTIONS.items())
    made = parser("txsalt-cli job", "Look at jobs, and steer them.", _EPILOG + listed)
    made.add_argument("command", choices=["job"], help=argparse.SUPPRESS)
    made.add_argument("action", choices=list(ACTIONS), help="what to do, see below")
    made.add_argument("jids", nargs="*", metavar="JID", help="the job")
    _add_search(made)
    output_options.add(made)
    steer = made.add_argument_group("wait, kill, rerun")
    steer.add_argument(
        "-t", "--timeout", type=seconds, metavar="SECONDS", help="as for 'txsalt-cli TARGET …'"
    )
    steer.add_argument("--deadline", type=seconds, metavar="SECONDS", help="as there")
    steer.add_argument(
        "--async",
        dest="asynchronous",
        action="store_true",
        help="rerun: print the jid, do not wait",
    )
    which = steer.add_mutually_exclusive_group()
    which.add_argument("--failed", action="store_true", help="rerun: only where it failed")
    which.add_argument("--missing", action="store_true", help="rerun: only where nothing returned")
    steer.add_argument(
        "--term", action="store_true", help="kill: let the job clean up (TERM instead of KILL)"
    )
    returner_options.add(made.add_argument_group("rerun: another delivery than that of the job"))
    login_options.add(made)
    return made


def _add_search(made: Parser) -> None:
    search = made.add_argument_group("list, export")
    search.add_argument("--function", "--fun", metavar="GLOB", default="", help="of the function")
    search.add_argument("--target", "--tgt", metavar="GLOB", default="", help="of what was meant")
    search.add_argument("--user", metavar="GLOB", default="", help="of who started it")
    search.add_argument("--minion", metavar="ID", default="", help="that was meant or returned")
    search.add_argument(
        "--since", type=moment, metavar="TIME", help="90s, 10m, 2h, 1d (ago), a jid, ISO 8601"
    )
    search.add_argument("--until", type=moment, metavar="TIME", help="as above")
    search.add_argument(
        "--limit", type=count, metavar="N", help="at most N jobs, newest first (list: 50)"
    )
    search.add_argument("--all", action="store_true", help="list: as many as there are")
