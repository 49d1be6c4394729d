"""``txsalt-cli event``: watch the event bus of the local master."""

import sys

from txsalt.cli.options import Parser, parser, seconds
from txsalt.client.local_client import LocalClient
from txsalt.events import tags


def main(argv: list[str]) -> int:
    """Print events as they come, one block or one line each, until interrupted or counted out."""
    options = _parser().parse_intermixed_args(argv)
    client = LocalClient(options.config_dir)
    left = options.count
    with client.bus(options.prefix) as bus:
        while left is None or left > 0:
            heard = bus.receive(options.timeout)
            if heard is None:
                print(f"txsalt-cli: no event within {options.timeout:g} s", file=sys.stderr)
                return 1
            if heard[0].startswith(tags.LIVE_PREFIX):
                continue  # the bus's answer to somebody who listens, no event
            print(_shown(*heard, as_json=options.json), flush=True)
            left = None if left is None else left - 1
    return 0


def _shown(tag: str, data: dict[str, object], *, as_json: bool) -> str:
    from txsalt.outputters import json_text

    if as_json:
        return json_text.render({"tag": tag, "data": data}, indent=None)
    return f"{tag}\t{json_text.render(data)}"


def _parser() -> Parser:
    made = parser("txsalt-cli event", "Watch the event bus of the local master.")
    made.add_argument("command", choices=["event"], help="this command")
    made.add_argument("prefix", nargs="?", default="", help="only tags that start with this text")
    made.add_argument("--json", action="store_true", help="one JSON document a line")
    made.add_argument("--count", type=int, metavar="N", help="end after N events")
    made.add_argument(
        "-t",
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="end with code 1 after this silence",
    )
    return made
