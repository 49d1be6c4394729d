"""``txsalt-cli run``: Salt's runners by the names and arguments that Salt's users know."""

import argparse
import sys
from typing import Any  # arguments and results are any msgpack value

from txsalt.cli import login_options, output_options, runner_names
from txsalt.cli.options import (
    Parser,
    add_reading,
    arguments,
    did_you_mean,
    parse_with_stdin,
    parser,
)
from txsalt.cli.output_options import Printer
from txsalt.jobs import exit_codes
from txsalt.jobs.arguments import sort_arguments
from txsalt.outputters.render import NAMES
from txsalt.outputters.text import to_text

_EPILOG = """\
examples:
  txsalt-cli run jobs.list_jobs search_function='test.*'
  txsalt-cli run jobs.lookup_jid 20261123052112218997 missing=True
  txsalt-cli run manage.status tgt='web*' --out json

Arguments and answers are those of 'salt-run'. Minions are not asked: the master tells what it has
stored and what it sees. The exit code is 1 if the function says no.

functions:
"""
_FAILED = "Error"
# So many the master tells of who searches for nothing.
MOST_JOBS = 1000


def main(argv: list[str]) -> int:
    """Run one function on the master and print what it returns."""
    made = make_parser()
    options = parse_with_stdin(made, argv)
    if options.doc:
        return _document(options, made)
    fun = options.function
    if fun is None:
        made.error(f"a function is needed, such as manage.up; '{made.prog} -d' lists them")
    if fun not in runner_names.HERE:
        if instead := runner_names.instead_of(fun):
            made.error(f"there is no {fun} here; instead: {instead}")
        made.error(f"there is no {fun}{did_you_mean(fun, runner_names.HERE)}")
    arg, kwarg = sort_arguments(arguments(options.arguments, options.no_parse))
    session = login_options.session(options)
    with output_options.printing(options) as printer:
        found = session.call_runner(fun, arg, kwarg)
        shown, form = _outputter(found)
        _print(printer, shown, form)
    if fun == "jobs.list_jobs" and not (arg or kwarg) and len(found) >= MOST_JOBS:
        print(
            f"txsalt-cli: these are the newest {MOST_JOBS} jobs, there may be more:"
            " search for some, or 'txsalt-cli job list --all'",
            file=sys.stderr,
        )
    return exit_codes.GENERIC if _is_failure(shown) else exit_codes.OK


def _document(options: argparse.Namespace, made: Parser) -> int:
    """Print what the functions do that a module or a function is named for, or all."""
    wanted = [options.function or "", *options.arguments]
    if len(wanted) > 1:
        made.error("one module or function at a time")
    found = {
        name: text
        for name, text in runner_names.HERE.items()
        if wanted[0] in ("", name, name.partition(".")[0])
    }
    if not found:
        made.error(f"there is no {wanted[0]}{did_you_mean(wanted[0], runner_names.HERE)}")
    with output_options.printing(options) as printer:
        printer.show(found)
    return exit_codes.OK


def _outputter(found: Any) -> tuple[Any, str]:
    # As Salt's runners name the outputter that fits what minions returned.
    if isinstance(found, dict) and set(found) == {"outputter", "data"}:
        named = str(found["outputter"])
        return found["data"], named if named in NAMES else "nested"
    return found, "nested"


def _print(printer: Printer, found: Any, form: str) -> None:
    if isinstance(found, dict):
        printer.show(found, form)
        return
    # Outputters write maps of minions; this is one value of nobody's.
    text = _plain(found, printer)
    if text:
        printer.write(text)


def _plain(value: Any, printer: Printer) -> str:
    form = printer.how
    if form == "quiet":
        return ""
    if form == "json":
        from txsalt.outputters import json_text

        return json_text.render(value, 4 if printer.indent is None else printer.indent)
    if form == "raw":
        return repr(value)
    if form == "yaml":
        from txsalt.outputters import yaml_text

        return yaml_text.render(value, printer.indent)
    if form == "txt":
        return "\n".join(map(to_text, value)) if isinstance(value, list) else to_text(value)
    from txsalt.outputters import nested
    from txsalt.outputters.colors import Colors

    return "\n".join(nested.indented(value, 0, Colors(printer.colour)))


def _is_failure(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    return _FAILED in found or any(
        isinstance(each, dict) and _FAILED in each and "Result" in each for each in found.values()
    )


def make_parser() -> Parser:
    """Return the parser."""
    listed = "".join(f"  {name:<23}{text}\n" for name, text in runner_names.HERE.items())
    made = parser("txsalt-cli run", "Run a function of the master's.", _EPILOG + listed)
    made.salt_program = "salt-run"
    made.add_argument("command", choices=["run"], help=argparse.SUPPRESS)
    made.add_argument("function", nargs="?", metavar="FUNCTION", help="see below")
    made.add_argument(
        "arguments", nargs="*", metavar="ARGUMENT", help="VALUE or NAME=VALUE, as YAML"
    )
    add_reading(made)
    made.add_argument(
        "-d", "--doc", "--documentation", action="store_true",
        help="tell what FUNCTION, the functions of a module, or all do",
    )  # fmt: skip
    output = output_options.add_writing(made, NAMES)
    output.add_argument(
        "--quiet", dest="output", action="store_const", const="quiet", help="as --out quiet"
    )
    login_options.add(made)
    return made
