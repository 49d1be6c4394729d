"""The result of ``txsalt-cli call`` for programs: schema 1, as docs/output.md has it."""

from typing import Any  # results hold any value

from txsalt.cli import job_json, output_options
from txsalt.cli.output_options import Printer
from txsalt.client.steps import Job, Published
from txsalt.jobs import exit_codes
from txsalt.outputters import json_text


def write(printer: Printer, load: dict[str, Any], code: int) -> None:
    """
    Write what a function gave as ``jsonl`` or ``json-v1``; ``code`` is the exit code of the call.

    ``load`` has id, jid, fun and fun_args, too.
    """
    minion, jid = load["id"], load["jid"]
    job = Job(tgt=[minion], tgt_type="list", fun=load["fun"], arg=load["fun_args"])
    good = exit_codes.succeeded(load)
    counts = {"returned": 1, "failed": int(not good), "missing": 0}
    lines = [
        job_json.published(job, Published(jid=jid, minions=[minion], missing=[])),
        job_json.returned(minion, load, None),
        job_json.ended(jid, counts, code),
    ]
    if printer.how == output_options.DOCUMENT:
        indent = 4 if printer.indent is None else printer.indent
        printer.write(json_text.render(job_json.document(lines), indent))
        return
    for line in lines:
        printer.show_line(line)
