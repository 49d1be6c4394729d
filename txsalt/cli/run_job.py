"""``txsalt-cli TARGET FUNCTION [ARGUMENTS]``: run a function on minions and print what they
return."""

import argparse
import sys

from txsalt.cli.options import Parser, parser, seconds
from txsalt.cli.report import Report
from txsalt.client.local_client import Ended, Job, LocalClient, Published, Returned
from txsalt.errors import LocalError
from txsalt.jobs import exit_codes
from txsalt.jobs.arguments import parse_words

_OUTPUTS = ("nested", "json", "yaml", "txt", "raw", "highstate", "quiet")
# Option letters and names are those that Salt's users type; the value is the wire's tgt_type.
_TARGETS = (
    ("-E", "--pcre", "pcre", "TARGET is a regular expression on the id"),
    ("-L", "--list", "list", "TARGET is a list of ids, separated by commas"),
    ("-G", "--grain", "grain", "TARGET is GRAIN:GLOB"),
    ("-P", "--grain-pcre", "grain_pcre", "TARGET is GRAIN:REGEX"),
    ("-I", "--pillar", "pillar", "TARGET is PILLAR:GLOB"),
    ("-J", "--pillar-pcre", "pillar_pcre", "TARGET is PILLAR:REGEX"),
    ("-C", "--compound", "compound", "TARGET combines several with and, or, not"),
    ("-S", "--ipcidr", "ipcidr", "TARGET is an address or a network"),
    ("-N", "--nodegroup", "nodegroup", "TARGET is the name of a nodegroup"),
)
_EPILOG = """\
examples:
  txsalt-cli '*' test.ping
  txsalt-cli -G os:Debian cmd.run 'uptime' --out txt
  txsalt-cli -C 'web* and not G@os:Debian' pkg.version nginx --out json --static
  txsalt-cli '*' test.ping,test.echo , hello

other commands (see 'txsalt-cli COMMAND --help'):
  key     list, accept, reject, delete and show keys of minions
  event   watch the event bus
"""


class UsageError(LocalError):
    """Words that do not go together; the message says what to write."""


def main(argv: list[str]) -> int:
    """Run one job; return 0 only if every expected minion succeeded."""
    made = _parser()
    options = made.parse_intermixed_args(argv)
    try:
        job = _job(options)
    except UsageError as exc:
        made.error(str(exc))
    client = LocalClient(options.config_dir)
    if options.asynchronous:
        print(client.publish(job).jid)
        return exit_codes.OK
    return _follow(client, job, _report(options))


def _follow(client: LocalClient, job: Job, report: Report) -> int:
    jid = ""
    try:
        for step in client.run(job):
            match step:
                case Published():
                    jid = step.jid
                    report.published(step)
                case Returned():
                    report.returned(step)
                case Ended(missing):
                    report.ended(missing)
    except KeyboardInterrupt:
        if jid:
            print(f"txsalt-cli: job {jid} goes on without us", file=sys.stderr)
        raise
    return report.exit_code


def _report(options: argparse.Namespace) -> Report:
    colour = options.color is not False and (options.color or sys.stdout.isatty())
    return Report(
        how=options.output,
        static=options.static,
        colour=bool(colour),
        verbose=options.verbose,
        summary=options.summary,
    )


def _job(options: argparse.Namespace) -> Job:
    if len(options.words) < 2:
        raise UsageError("a target and a function are needed")
    target, function, *words = options.words
    tgt_type = options.tgt_type or "glob"
    functions = [each for each in function.split(",") if each]
    if not functions:
        raise UsageError("a function is needed, such as test.ping")
    several = len(functions) > 1
    arguments = (
        [parse_words(part) for part in _split(words, len(functions))]
        if several
        else parse_words(words)
    )
    return Job(
        tgt=[each.strip() for each in target.split(",")] if tgt_type == "list" else target,
        tgt_type=tgt_type,
        fun=functions if several else functions[0],
        arg=arguments,
        delimiter=options.delimiter,
        timeout=options.timeout,
        ret=options.ret,
    )


def _split(words: list[str], functions: int) -> list[list[str]]:
    """
    Share the words out among several functions, at commas.

    Commas that are words of their own count if there are enough of them; otherwise commas inside
    words part them too, as Salt has it.
    """
    if not words:
        return [[] for _ in range(functions)]
    inside = words.count(",") != functions - 1
    parts: list[list[str]] = [[]]
    for word in words:
        first, *others = word.split(",") if inside else ["", ""] if word == "," else [word]
        parts[-1] += [first] if first else []
        for other in others:
            parts.append([other] if other else [])
    if len(parts) != functions:
        raise UsageError(
            f"{functions} functions need their arguments parted by {functions - 1} commas"
            " that stand alone, as in: test.ping,test.echo , hello"
        )
    return parts


def _parser() -> Parser:
    made = parser("txsalt-cli", "Run a function on the minions that match a target.", _EPILOG)
    made.add_argument(
        "words", nargs="*", metavar="TARGET FUNCTION [ARGUMENT]", help="what to run where"
    )
    targets = made.add_argument_group("what TARGET is (default: a glob on the id)")
    kinds = targets.add_mutually_exclusive_group()
    for short, long, kind, text in _TARGETS:
        kinds.add_argument(
            short, long, dest="tgt_type", action="store_const", const=kind, help=text
        )
    targets.add_argument(
        "--delimiter", default=":", help="parts the levels of -G, -P, -I, -J (default: %(default)s)"
    )
    _add_output(made)
    made.add_argument(
        "-t", "--timeout", type=seconds, metavar="SECONDS", help="silence before minions are asked"
    )
    made.add_argument(
        "--async", dest="asynchronous", action="store_true", help="print the jid, do not wait"
    )
    made.add_argument("--return", dest="ret", default="", metavar="RETURNER", help="also return to")
    return made


def _add_output(made: Parser) -> None:
    output = made.add_argument_group("output")
    output.add_argument(
        "--out", "--output", dest="output", choices=_OUTPUTS, help="how results are written"
    )
    output.add_argument(
        "-s", "--static", action="store_true", help="one document when all have returned"
    )
    output.add_argument("-v", "--verbose", action="store_true", help="tell the job's id on stderr")
    output.add_argument("--summary", action="store_true", help="count results on stderr")
    output.add_argument("--no-color", dest="color", action="store_false", default=None)
    output.add_argument("--force-color", dest="color", action="store_true")
