"""``txsalt-cli why JID``: why minions did not answer a job, at any time after it was sent."""

import argparse
import sys

from txsalt.cli import login_options
from txsalt.cli.options import Parser, parser, seconds
from txsalt.client import batch_view, records
from txsalt.client.reasons import ask_why
from txsalt.jobs import exit_codes, reasons
from txsalt.outputters.text import printable

_EPILOG = """\
The silent ones are asked once, all together; the master adds what it knows. The exit code is 0 if
everybody has returned, that of the reason if there is one only, 80 if there are several; see
docs/exit-codes.md.
"""


def main(argv: list[str]) -> int:
    """Print one line for each minion that has not returned."""
    options = _parser().parse_intermixed_args(argv)
    session = login_options.session(options)
    record = records.show(session, options.jid)
    silent = [each for each in record["minions"] if each not in record["outcomes"]]
    wait = session.config.gather_job_timeout if options.timeout is None else options.timeout
    progress = batch_view.state(session, options.jid)
    if progress:
        found = batch_view.why(session, options.jid, record, progress)
    else:
        found = ask_why(session, options.jid, silent, record["missing"], wait)
    if options.output != "text":
        from txsalt.outputters.render import render

        told = {each: found[each].as_map() for each in sorted(found)}
        print(render(told, options.output))
    for minion_id in sorted(found) if options.output == "text" else ():
        print(printable(f"{minion_id}: {found[minion_id].word}: {found[minion_id]}"))
    if doubt := reasons.doubt(found.values()):
        print(f"txsalt-cli: {doubt}", file=sys.stderr)
    if not found:
        print("txsalt-cli: everybody has returned", file=sys.stderr)
        return exit_codes.OK
    return reasons.exit_code(found.values())


def _parser() -> Parser:
    made = parser("txsalt-cli why", "Say why minions have not answered a job.", _EPILOG)
    made.add_argument("command", choices=["why"], help=argparse.SUPPRESS)
    made.add_argument("jid", metavar="JID")
    made.add_argument("--out", dest="output", choices=["text", "json", "yaml"], default="text")
    made.add_argument(
        "--json", dest="output", action="store_const", const="json", help="the same as --out json"
    )
    made.add_argument(
        "-t", "--timeout", type=seconds, metavar="SECONDS",
        help="how long minions have to say what they know (default: gather_job_timeout)",
    )  # fmt: skip
    login_options.add(made)
    return made
