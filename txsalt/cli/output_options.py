"""The options that say how results are written, shared by all that follow a job."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from txsalt.cli.options import Parser
from txsalt.cli.report import DOCUMENT, LINES, Report, Style
from txsalt.client.steps import Job
from txsalt.errors import CannotCreate
from txsalt.outputters import render

if TYPE_CHECKING:
    from txsalt.cli.progress import ProgressLine
    from txsalt.config.master import MasterConfig

FORMS = (*render.NAMES, LINES, DOCUMENT)


def add(made: Parser) -> None:
    """Add the options."""
    output = made.add_argument_group("output")
    output.add_argument(
        "--out", "--output", dest="output", choices=FORMS, metavar="FORM",
        help=f"how results are written: {', '.join(FORMS)}",
    )  # fmt: skip
    output.add_argument(
        "-s", "--static", action="store_true", help="one document when all have returned"
    )
    output.add_argument("--out-file", "--output-file", metavar="FILE", help="write results there")
    output.add_argument(
        "--out-file-append", action="store_true", help="keep what the file holds already"
    )
    output.add_argument("-v", "--verbose", action="store_true", help="tell the job's id on stderr")
    output.add_argument("--show-jid", action="store_true", help="the same")
    output.add_argument("--summary", action="store_true", help="count results on stderr")
    output.add_argument(
        "--hide-timeout", action="store_true", help="do not name minions that did not return"
    )
    output.add_argument(
        "-p", "--progress", action="store_true", default=None,
        help="a line on stderr that tells how it goes (by itself where stderr is a terminal)",
    )  # fmt: skip
    output.add_argument("--no-progress", dest="progress", action="store_false")
    output.add_argument(
        "--no-color", "--no-colour", dest="color", action="store_false", default=None
    )
    output.add_argument("--force-color", "--force-colour", dest="color", action="store_true")


@contextmanager
def reporting(
    options: argparse.Namespace, config: "MasterConfig", job: Job | None
) -> Iterator[Report]:
    """Give a report of the job that writes as the options and the configuration want."""
    to_file = options.out_file is not None
    colour = options.color if options.color is not None else sys.stdout.isatty() and not to_file
    known = config.output if config.output in FORMS else None
    style = Style(
        how=options.output or known,
        static=options.static,
        colour=bool(colour),
        show_jid=options.show_jid or config.show_jid,
        verbose=options.verbose,
        summary=options.summary or config.cli_summary,
        name_missing=config.show_timeout and not options.hide_timeout,
    )
    wanted = sys.stderr.isatty() if options.progress is None else options.progress
    progress = _progress() if wanted else None
    if not to_file:
        yield Report(style, job, progress=progress)
        return
    try:
        file = open(  # noqa: SIM115 - closed below; errors of the job are none of the file
            options.out_file, "a" if options.out_file_append else "w", encoding="utf-8",
            errors="backslashreplace",
        )  # fmt: skip
    except OSError as exc:
        raise CannotCreate(options.out_file, exc.strerror or str(exc)) from exc
    with file:
        yield Report(style, job, file, progress)


def _progress() -> "ProgressLine":
    from txsalt.cli.progress import ProgressLine

    return ProgressLine(sys.stderr)
