"""``txsalt-cli event``: watch the event bus of the local master, and fire events."""

import argparse
import sys
import time
from typing import Any  # events hold any msgpack value

from txsalt.cli.options import Parser, count, did_you_mean, moment, parser, seconds
from txsalt.client import events
from txsalt.client.session import Session
from txsalt.jobs import exit_codes
from txsalt.jobs.arguments import split_keyword, typed_word
from txsalt.outputters.text import printable

_EPILOG = """\
examples:
  txsalt-cli event                               (all that happens)
  txsalt-cli event watch 'salt/job/*/ret/web*'
  txsalt-cli event watch salt/minion/ --json --count 1
  txsalt-cli event watch --since 10m             (what the master remembers, then what comes)
  txsalt-cli event fire my/tag build=77 ok=true
  txsalt-cli event fire my/tag '{"build": 77, "by": {"name": "ci"}}'
"""


def main(argv: list[str]) -> int:
    """Print events as they come, one block or one line each, or fire one."""
    made = _parser()
    options = made.parse_intermixed_args(argv)
    for word in options.words:
        if not word.isascii() and word.encode(errors="replace").decode() != word:
            made.error(f"{word!r} is no text in UTF-8")
    first, *words = options.words or ["watch"]
    if first == "fire":
        return _fire(made, options, words)
    if first == "send" and words:
        made.error("to send an event: event fire TAG key=value")
    if first != "watch" and (near := did_you_mean(first, ("watch", "fire"))):
        # A tag of that name is watched with "event watch TAG".
        made.error(f"{first!r} is neither watch nor fire{near}")
    globs = words if first == "watch" else [first, *words]
    if len(globs) > 1:
        made.error(f"one glob of a tag is enough, not {len(globs)}")
    return _watch(options, globs[0] if globs else "*")


def _watch(options: argparse.Namespace, glob: str) -> int:
    session = Session(options.config_dir)
    since = None if options.since is None else options.since(time.time())
    with events.listening_by(session, glob, since=since) as stream:
        heard = 0
        for event in stream.events(timeout=options.timeout, count=options.count):
            print(_shown(event, as_json=options.json), flush=True)
            heard += 1
    if options.timeout is not None and heard != options.count:
        print(f"txsalt-cli: no event within {options.timeout:g} s", file=sys.stderr)
        return exit_codes.GENERIC
    return exit_codes.OK


def _fire(made: Parser, options: argparse.Namespace, words: list[str]) -> int:
    if not words:
        made.error("a tag is needed, as in: event fire my/tag build=77")
    tag, *pairs = words
    if not tag:
        made.error("an event without a tag is heard by nobody")
    data: dict[str, Any] = {}
    for word in pairs:
        pair, whole = split_keyword(word), typed_word(word)
        if isinstance(whole, dict):
            data |= whole
        elif pair is not None:
            data[pair[0]] = typed_word(pair[1])
        else:
            made.error(f'{word!r} is neither key=value nor a map such as \'{{"key": "value"}}\'')
    events.fire(options.config_dir, tag, data)
    return exit_codes.OK


def _shown(event: events.Event, *, as_json: bool) -> str:
    from txsalt.outputters import json_text

    if as_json:
        return json_text.render({"tag": event.tag, "data": event.data}, indent=None)
    return f"{printable(event.tag)}\t{json_text.render(event.data)}"


def _parser() -> Parser:
    made = parser("txsalt-cli event", "Watch the event bus of the local master.", _EPILOG)
    made.add_argument("command", choices=["event"], help=argparse.SUPPRESS)
    made.add_argument(
        "words",
        nargs="*",
        metavar="watch [GLOB] | fire TAG [KEY=VALUE … | JSON]",
        help="tags that fit the glob, or start with it where it has no star; or what to fire",
    )
    made.add_argument("--json", action="store_true", help="one JSON document a line")
    made.add_argument("--count", type=count, metavar="N", help="end after N events")
    made.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="first those since then: 90s, 10m, 2h, 1d ago, a jid, or 2026-11-23T05:00",
    )
    made.add_argument(
        "-t",
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="end with code 1 after this silence",
    )
    return made
