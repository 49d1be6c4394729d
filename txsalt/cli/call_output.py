"""Write the result of ``txsalt-cli call``: its options, its forms, and where it goes."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO  # results hold any value

from txsalt.cli.options import Parser
from txsalt.errors import CannotCreate
from txsalt.outputters import render

# As in txsalt.cli.report, which a call does not wait for.
LINES, DOCUMENT = "jsonl", "json-v1"
FORMS = (*render.NAMES, LINES, DOCUMENT)

Result = dict[str, Any]


def add(made: Parser) -> None:
    """Add the options."""
    output = made.add_argument_group("output")
    output.add_argument(
        "--out", "--output", dest="output", choices=FORMS, metavar="FORM",
        help=f"how the result is written: {', '.join(FORMS)}",
    )  # fmt: skip
    output.add_argument("--out-file", "--output-file", metavar="FILE", help="write it there")
    output.add_argument(
        "--out-file-append", "--output-file-append", action="store_true",
        help="keep what the file holds already",
    )  # fmt: skip
    output.add_argument("--metadata", action="store_true", help="print retcode and the like, too")
    output.add_argument(
        "--no-color", "--no-colour", dest="color", action="store_false", default=None
    )
    output.add_argument("--force-color", "--force-colour", dest="color", action="store_true")


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[TextIO]:
    """Give what the result is written to. Raises CannotCreate, before anything was run."""
    if options.out_file is None:
        yield sys.stdout
        return
    try:
        file = open(  # noqa: SIM115 - closed below; errors of the function are none of the file
            options.out_file, "a" if options.out_file_append else "w", encoding="utf-8",
            errors="backslashreplace",
        )  # fmt: skip
    except OSError as exc:
        raise CannotCreate(options.out_file, exc.strerror or str(exc)) from exc
    with file:
        yield file


def write(
    options: argparse.Namespace, out: TextIO, result: Result, about: Result, code: int
) -> None:
    """
    Write what a function gave; ``about`` has id, jid, fun and fun_args.

    ``code`` is the exit code of the call.
    """
    if options.output in (LINES, DOCUMENT):
        text = _for_programs(options.output, {**about, **result}, code)
    else:
        text = _for_people(options, out, result, about)
    if text:
        print(text.removesuffix("\n"), file=out)


def _for_people(options: argparse.Namespace, out: TextIO, result: Result, about: Result) -> str:
    colour = options.color is not False and (options.color or out.isatty())
    about = {name: value for name, value in about.items() if name != "id"}
    shown = {**about, **result} if options.metadata else result["return"]
    wished = "nested" if options.metadata else result.get("out")
    how = options.output or (wished if wished in render.NAMES else "nested")
    return render.render({"local": shown}, how, color=colour)


def _for_programs(how: str, load: Result, code: int) -> str:
    from txsalt.cli import job_json
    from txsalt.client.steps import Job, Published
    from txsalt.jobs import exit_codes
    from txsalt.outputters import json_text

    minion, jid = load["id"], load["jid"]
    job = Job(tgt=[minion], tgt_type="list", fun=load["fun"], arg=load["fun_args"])
    good = exit_codes.succeeded(load)
    counts = {"returned": 1, "failed": int(not good), "missing": 0}
    lines = [
        job_json.published(job, Published(jid=jid, minions=[minion], missing=[])),
        job_json.returned(minion, load, None),
        job_json.ended(jid, counts, code),
    ]
    if how == DOCUMENT:
        return json_text.render(job_json.document(lines))
    return "\n".join(json_text.render(line, indent=None) for line in lines)
