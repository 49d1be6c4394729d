"""The options that say how and where results are written, and what obeys them."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO  # results are any msgpack value

from txsalt.errors import CannotCreate
from txsalt.light import frozen
from txsalt.outputters.render import NAMES, ONE_LINE, render

if TYPE_CHECKING:
    from txsalt.cli.options import Parser
    from txsalt.cli.progress import ProgressLine
    from txsalt.cli.report import Report
    from txsalt.client.steps import Job
    from txsalt.config.master import MasterConfig

# These are for programs, of the schema that docs/output.md has.
LINES, DOCUMENT = "jsonl", "json-v1"
FORMS = (*NAMES, LINES, DOCUMENT)


@frozen(kw_only=True)
class Printer:
    """Writes an answer that is one document; ``how`` None leaves its form to the command."""

    how: str | None
    colour: bool
    indent: int | None
    out: TextIO

    def show(self, data: Mapping[str, Any], default: str = "nested") -> None:
        """Write a map in the form that is wanted, or the default one."""
        how = self.how or default
        if how == LINES:
            self.show_line(data)
            return
        how = "json" if how == DOCUMENT else how
        text = render(data, how, color=self.colour, indent=self.indent)
        if text:
            self.write(text.removesuffix("\n"))

    def show_line(self, data: Mapping[str, Any]) -> None:
        """Write a map as one line of JSON."""
        self.write(render(data, "json", indent=ONE_LINE))

    def write(self, *lines: object) -> None:
        """Write lines as they are."""
        for line in lines:
            print(line, file=self.out)


def add(made: "Parser") -> None:
    """Add the options of commands that follow a job."""
    output = add_writing(made, FORMS)
    output.add_argument(
        "-s", "--static", action="store_true", help="one document when all have returned"
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


def add_writing(
    made: "Parser", forms: tuple[str, ...], default: str | None = None
) -> "argparse._ArgumentGroup":
    """Add the options that every printer obeys; return their group, for more."""
    made.set_defaults(complain=made.error)
    output = made.add_argument_group("output")
    output.add_argument(
        "--out", "--output", dest="output", choices=forms, metavar="FORM", default=default,
        help=f"how results are written: {', '.join(forms)}",
    )  # fmt: skip
    output.add_argument(
        "--out-indent", "--output-indent", type=int, metavar="N",
        help="columns that json and yaml are indented by; below 0: all on one line",
    )  # fmt: skip
    output.add_argument("--out-file", "--output-file", metavar="FILE", help="write results there")
    output.add_argument(
        "--out-file-append", "--output-file-append", action="store_true",
        help="keep what the file holds already",
    )  # fmt: skip
    output.add_argument(
        "--no-color", "--no-colour", dest="color", action="store_false", default=None,
        help="no colours on a terminal",
    )  # fmt: skip
    output.add_argument(
        "--force-color", "--force-colour", dest="color", action="store_true",
        help="colours also in a pipe or a file",
    )  # fmt: skip
    return output


@contextmanager
def printing(options: argparse.Namespace) -> Iterator[Printer]:
    """Give a printer that writes as the options want. Raises CannotCreate."""
    with _opened(options) as out:
        yield Printer(
            how=options.output, colour=_in_colour(options), indent=options.out_indent, out=out
        )


@contextmanager
def reporting(
    options: argparse.Namespace, config: "MasterConfig", job: "Job | None"
) -> Iterator["Report"]:
    """Give a report of the job that writes as the options and the configuration want."""
    # Here: a command that follows no job does not pay for it.
    from txsalt.cli.report import Report, Style

    known = config.output if config.output in FORMS else None
    style = Style(
        how=options.output or known,
        static=options.static,
        colour=_in_colour(options),
        indent=options.out_indent,
        show_jid=options.show_jid or config.show_jid,
        verbose=options.verbose,
        summary=options.summary or config.cli_summary,
        name_missing=config.show_timeout and not options.hide_timeout,
    )
    wanted = sys.stderr.isatty() if options.progress is None else options.progress
    with _opened(options) as out:
        yield Report(style, job, out, _progress() if wanted else None)


def _in_colour(options: argparse.Namespace) -> bool:
    if options.color is not None:
        return bool(options.color)
    return options.out_file is None and sys.stdout.isatty()


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[TextIO]:
    if options.out_file is None:
        if options.out_file_append:
            options.complain("--out-file-append needs --out-file FILE")
        yield sys.stdout
        return
    try:
        file = open(  # noqa: SIM115 - closed below; errors of the job are none of the file
            options.out_file, "a" if options.out_file_append else "w", encoding="utf-8",
            errors="backslashreplace",
        )  # fmt: skip
    except OSError as exc:
        raise CannotCreate(options.out_file, exc.strerror or str(exc)) from exc
    with file:
        yield file


def _progress() -> "ProgressLine":
    from txsalt.cli.progress import ProgressLine

    return ProgressLine(sys.stderr)
