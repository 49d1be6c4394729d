"""Options that every sub-command has, and how their values are read."""

import argparse
import math
import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn  # values of any type

from txsalt import __version__
from txsalt.client.places import DEFAULT_CONFIG_DIR
from txsalt.jobs import exit_codes

# Longer than any job; a poll takes milliseconds in 32 bits.
MOST_SECONDS = 2_000_000.0

# Not compiled here: the command line pays for what it needs.
_AGO = r"([0-9]+(?:\.[0-9]+)?)([smhd])"
_REQUIRED = "the following arguments are required: "
_WRONG_CHOICE = r"invalid choice: '([^']*)' \(choose from (.*)\)"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Moment = Callable[[float], float]  # from the Unix time now to the one that is meant


class Parser(argparse.ArgumentParser):
    """An argument parser that ends with the documented exit code for a wrong command line."""

    unknown_option_hint = ""  # what else an unknown option may have been meant for
    salt_program = ""  # Salt's, for what is said about its options that are not here

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, what is like it, and how to get help."""
        if message.startswith(_REQUIRED):
            names = message.removeprefix(_REQUIRED).split(", ")
            message = _REQUIRED + ", ".join(each for each in names if each not in self._free())
        hint = self._hint(message)
        self.exit(exit_codes.USAGE, f"{self.prog}: {message}{hint}\nSee '{self.prog} --help'.\n")

    def known_options(self) -> list[str]:
        """Return all options, short and long."""
        return [option for action in self._actions for option in action.option_strings]

    def _free(self) -> list[str]:
        # argparse calls these required, too.
        return [str(each.metavar or each.dest) for each in self._actions if each.nargs == "*"]

    def _hint(self, message: str) -> str:
        if wrong := re.search(_WRONG_CHOICE, message):
            return did_you_mean(wrong[1], re.findall(r"'([^']*)'", wrong[2]))
        kind, _, words = message.partition(": ")
        if words == "expected one argument":
            # It may have been meant for a command: cmd.run ls -t
            return self.unknown_option_hint
        if kind != "unrecognized arguments":
            return ""
        first = words.split()[0].partition("=")[0]
        # Here, as it is read by those only who typed such an option.
        from txsalt.cli.salt_options import why_not

        if reason := why_not(self.salt_program, first):
            return f"; {reason}{self.unknown_option_hint}"
        near = did_you_mean(first, [each for each in self.known_options() if each[:2] == "--"])
        return near or self.unknown_option_hint


class _VersionsReport(argparse.Action):
    """Prints the report, and ends the program."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Act as argparse wants it."""
        # Here: it loads what the libraries say of themselves.
        from txsalt.cli.versions import report

        print(report())
        parser.exit()


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Writes help as argparse does, but looks for the width itself: to load shutil takes 2 ms."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def a_map(text: str) -> dict[Any, Any]:
    """Read a map as words of jobs are read, such as {ticket: 77}."""
    # Here: it brings YAML.
    from txsalt.jobs.arguments import typed_word

    value = typed_word(text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no map, such as '{{ticket: 77}}'")
    return value


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word, or nothing."""
    # Only here: nobody pays for it who makes no mistake.
    import difflib

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def seconds(text: str) -> float:
    """Read an option that is a number of seconds: finite, not negative."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value


def count(text: str) -> int:
    """Read an option that is a number of things: 1 or more."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def moment(text: str) -> Moment:
    """
    Read an option that is a time: ``90s``, ``10m``, ``2h``, ``1d`` ago, a jid, or ISO 8601.

    A time without zone is that of this machine.
    """
    ago = re.fullmatch(_AGO, text)
    if ago:
        before = float(ago[1]) * _UNITS[ago[2]]
        return lambda now: now - before
    unix = _from_jid(text) if text.isdigit() else _from_iso(text)
    if unix is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: say 90s, 10m, 2h, 1d (ago), a jid, or 2026-11-23T05:00"
        )
    return lambda _: unix


def parser(prog: str, description: str, epilog: str = "") -> Parser:
    """Return a parser with the common options."""
    made = Parser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "-c",
        "--config-dir",
        metavar="DIR",
        default=DEFAULT_CONFIG_DIR,
        help="folder of the master's configuration (default: %(default)s)",
    )
    add_versions(made)
    return made


def add_reading(made: Parser) -> None:
    """Add the options that say how the arguments of a function are read."""
    made.add_argument(
        "--no-parse", type=_names, metavar="NAMES", default=frozenset(),
        help="keyword arguments (a,b for two) whose values stay the text that they are",
    )  # fmt: skip
    made.add_argument(
        "--args-stdin", action="store_true",
        help="each line of stdin is one more argument or, before a '--', option",
    )  # fmt: skip


def parse_with_stdin(made: Parser, argv: list[str]) -> argparse.Namespace:
    """Parse the command line, and behind it what stdin has if ``--args-stdin`` says so."""
    options = made.parse_intermixed_args(argv)
    if not options.args_stdin:
        return options
    try:
        lines = [line.rstrip("\r\n") for line in sys.stdin]
    except UnicodeDecodeError:
        made.error("what stdin has is no text in UTF-8")
    return made.parse_intermixed_args([*argv, *lines])


def arguments(words: list[str], no_parse: Iterable[str]) -> list[Any]:
    """Return what words mean as ``parse_words`` does, but leave the values of some names alone."""
    from txsalt.jobs.arguments import parse_words, split_keyword

    arg = parse_words(words)
    for name, text in filter(None, map(split_keyword, words)) if no_parse else ():
        if name in no_parse:
            arg[-1][name] = text
    return arg


def add_versions(made: Parser) -> None:
    """Add the options that tell versions and end."""
    made.add_argument("--version", action="version", version=f"txsalt {__version__}")
    made.add_argument(
        "-V", "--versions-report", action=_VersionsReport, nargs=0,
        help="show the versions of txsalt, of its libraries and of the system, and exit",
    )  # fmt: skip


def _names(text: str) -> frozenset[str]:
    return frozenset(each.strip() for each in text.split(","))


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _from_jid(text: str) -> float | None:
    from txsalt.errors import BadName
    from txsalt.jobs import jid

    try:
        return jid.parse(text).timestamp()
    except BadName:
        return None


def _from_iso(text: str) -> float | None:
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
