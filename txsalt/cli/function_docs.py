"""``txsalt-cli TARGET [FUNCTION …] --doc``: what functions do, once, whoever has them."""

import sys
from typing import Any  # what minions return is any msgpack value

from txsalt.cli.output_options import Printer
from txsalt.client import follow
from txsalt.client.session import Session
from txsalt.client.steps import Job, Returned
from txsalt.jobs import exit_codes
from txsalt.outputters.text import to_text


def show(session: Session, job: Job, printer: Printer) -> int:
    """Print the texts of all minions that were asked, sorted by function."""
    found: dict[str, Any] = {}
    for step in follow.run(session, job):
        if isinstance(step, Returned) and isinstance(step.load.get("return"), dict):
            found |= {str(name): text for name, text in step.load["return"].items() if text}
    if not found:
        print("txsalt-cli: no minion has such functions", file=sys.stderr)
        return exit_codes.GENERIC
    ordered = dict(sorted(found.items()))
    if printer.how is not None:
        printer.show(ordered)
        return exit_codes.OK
    for name, text in ordered.items():
        lines = to_text(text).strip("\n").split("\n")
        printer.write(
            to_text(name).replace("\n", r"\n") + ":\n",
            *(f"    {line}".rstrip() for line in lines),
            "",
        )
    return exit_codes.OK
