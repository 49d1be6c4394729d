"""``txsalt-cli run``: Salt's runners by the names and arguments that Salt's users know."""

import argparse
import sys
from typing import Any  # arguments and results are any msgpack value

from txsalt.cli import login_options, runner_names
from txsalt.cli.options import Parser, did_you_mean, parser
from txsalt.jobs import exit_codes
from txsalt.jobs.arguments import parse_words, sort_arguments
from txsalt.outputters import render
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


def main(argv: list[str]) -> int:
    """Run one function on the master and print what it returns."""
    made = make_parser()
    options = made.parse_intermixed_args(argv)
    fun = options.function
    if fun not in runner_names.HERE:
        if instead := runner_names.instead_of(fun):
            made.error(f"there is no {fun} here; instead: {instead}")
        made.error(f"there is no {fun}{did_you_mean(fun, runner_names.HERE)}")
    arg, kwarg = sort_arguments(parse_words(options.arguments))
    session = login_options.session(options)
    found = session.call_runner(fun, arg, kwarg)
    found, form = _outputter(found, options.output)
    _print(found, form, bool(sys.stdout.isatty() if options.color is None else options.color))
    return exit_codes.GENERIC if _is_failure(found) else exit_codes.OK


def _outputter(found: Any, wanted: str | None) -> tuple[Any, str]:
    # As Salt's runners name the outputter that fits what minions returned.
    if isinstance(found, dict) and set(found) == {"outputter", "data"}:
        named = str(found["outputter"])
        return found["data"], wanted or (named if named in render.NAMES else "nested")
    return found, wanted or "nested"


def _print(found: Any, form: str, colour: bool) -> None:
    if isinstance(found, dict):
        text = render.render(found, form, color=colour)
    else:
        # Outputters write maps of minions; this is one value of nobody's.
        text = _plain(found, form, colour)
    if text:
        print(text)


def _plain(value: Any, form: str, colour: bool) -> str:
    if form == "quiet":
        return ""
    if form == "json":
        from txsalt.outputters import json_text

        return json_text.render(value)
    if form == "raw":
        return repr(value)
    if form == "yaml":
        from txsalt.outputters import yaml_text

        return yaml_text.render(value)
    if form == "txt":
        return "\n".join(map(to_text, value)) if isinstance(value, list) else to_text(value)
    from txsalt.outputters import nested
    from txsalt.outputters.colors import Colors

    return "\n".join(nested.indented(value, 0, Colors(colour)))


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
    made.add_argument("command", choices=["run"], help=argparse.SUPPRESS)
    made.add_argument("function", metavar="FUNCTION", help="see below")
    made.add_argument(
        "arguments", nargs="*", metavar="ARGUMENT", help="VALUE or NAME=VALUE, as YAML"
    )
    made.add_argument(
        "--out", "--output", dest="output", choices=render.NAMES, metavar="FORM",
        help=f"how the answer is written: {', '.join(render.NAMES)} (default: nested)",
    )  # fmt: skip
    made.add_argument("--no-color", "--no-colour", dest="color", action="store_false", default=None)
    made.add_argument("--force-color", "--force-colour", dest="color", action="store_true")
    login_options.add(made)
    return made
