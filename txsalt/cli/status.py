"""``txsalt-cli status``: who is up, since when, and when the others were last heard."""

import argparse
import fnmatch
import sys
import time
from typing import Any

from txsalt.cli import login_options, output_options
from txsalt.cli.options import Parser, parser
from txsalt.jobs import exit_codes
from txsalt.jobs.reasons import moment
from txsalt.outputters.text import printable

_EPILOG = """\
examples:
  txsalt-cli status                       (everybody whose key is accepted)
  txsalt-cli status 'web*' --down
  txsalt-cli status --out json

The exit code is 0 if all that are shown are up, 1 if not, 67 if no id fits. Nobody is asked: the
master tells what it sees. It sees the connections of txsalt minions exactly, those of others by
their addresses, which several may share.
"""
_NOBODY = exit_codes.NO_USER


def main(argv: list[str]) -> int:
    """Print the status of accepted minions."""
    options = _parser().parse_intermixed_args(argv)
    session = login_options.session(options)
    known = session.runner("presence.details")
    fitting = {each: known[each] for each in sorted(known) if _fits(each, options.globs)}
    shown = {each: about for each, about in fitting.items() if _wanted(about, options)}
    if not fitting:
        what = " ".join(options.globs) or "any minion"
        print(f"txsalt-cli: there is no accepted key of {what}", file=sys.stderr)
    with output_options.printing(options) as printer:
        if options.output not in (None, "table"):
            printer.show(shown)
        elif fitting:
            printer.write(*_table(shown, time.time()))
    if not fitting:
        return _NOBODY
    up = all(about["state"] == "up" for about in fitting.values())
    return exit_codes.OK if up else exit_codes.GENERIC


def _fits(minion_id: str, globs: list[str]) -> bool:
    return not globs or any(fnmatch.fnmatchcase(minion_id, glob) for glob in globs)


def _wanted(about: dict[str, Any], options: argparse.Namespace) -> bool:
    is_up = about["state"] == "up"
    return not (options.up and not is_up) and not (options.down and is_up)


def _table(found: dict[str, dict[str, Any]], now: float) -> list[str]:
    rows = [("ID", "STATE", "SINCE", "HEARD", "ADDRESS", "VERSION")]
    for minion_id, about in found.items():
        since = moment(about["since"]) if "since" in about else "-"
        heard = f"{_span(now - about['heard'])} ago" if "heard" in about else "-"
        rows.append(
            (
                minion_id,
                about["state"],
                since,
                heard,
                # Grains, so any text that the minion likes.
                _line(str(about.get("address", "-"))),
                _line(f"{about['software']} {about['version']}") if "version" in about else "-",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _line(text: str) -> str:
    return printable(text).replace("\n", " ")


def _span(seconds: float) -> str:
    """Write a span of time as people say it: 12 s, 5 min, 3 h, 2 d."""
    for unit, name, most in ((1, "s", 120), (60, "min", 7200), (3600, "h", 172800)):
        if seconds < most:
            return f"{max(0, int(seconds / unit))} {name}"
    return f"{int(seconds / 86400)} d"


def _parser() -> Parser:
    made = parser("txsalt-cli status", "Show which minions are there.", _EPILOG)
    made.add_argument("command", choices=["status"], help=argparse.SUPPRESS)
    made.add_argument("globs", nargs="*", metavar="GLOB", help="only ids that fit one of these")
    which = made.add_mutually_exclusive_group()
    which.add_argument("--up", action="store_true", help="only those that are up")
    which.add_argument("--down", action="store_true", help="only those that are not")
    output_options.add_writing(made, ("table", "nested", "json", "yaml", "raw", "quiet"))
    login_options.add(made)
    return made
