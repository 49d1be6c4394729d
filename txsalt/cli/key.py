"""``txsalt-cli key``: list, accept, reject, delete and show the keys of minions."""

import argparse
import fnmatch
import sys
from collections.abc import Callable

from txsalt.cli.options import Parser, parser
from txsalt.client.keys import Keys
from txsalt.jobs import exit_codes
from txsalt.protocol.admission import KeyState

_HEADINGS = {
    KeyState.ACCEPTED: "Accepted Keys:",
    KeyState.DENIED: "Denied Keys:",
    KeyState.PENDING: "Unaccepted Keys:",
    KeyState.REJECTED: "Rejected Keys:",
}
_STATES = {
    "accepted": KeyState.ACCEPTED,
    "acc": KeyState.ACCEPTED,
    "denied": KeyState.DENIED,
    "den": KeyState.DENIED,
    "pending": KeyState.PENDING,
    "pre": KeyState.PENDING,
    "unaccepted": KeyState.PENDING,
    "un": KeyState.PENDING,
    "rejected": KeyState.REJECTED,
    "rej": KeyState.REJECTED,
}
_EPILOG = """\
examples:
  txsalt-cli key list
  txsalt-cli key accept web1
  txsalt-cli key accept 'web*' --yes
  txsalt-cli key delete --all --yes
"""


def main(argv: list[str]) -> int:
    """Run one key command; return 0, or 1 if no key was meant or the question was denied."""
    made = _parser()
    options = made.parse_intermixed_args(argv)
    keys = Keys(options.config_dir)
    try:
        if options.action == "list":
            return _list(keys, options)
        if options.action == "finger":
            return _finger(keys, options)
        return _change(keys, options, made)
    finally:
        keys.close()


def _list(keys: Keys, options: argparse.Namespace) -> int:
    states = list(_HEADINGS)
    globs = list(options.globs)
    if globs and globs[0].lower() in (*_STATES, "all"):
        word = globs.pop(0).lower()
        states = states if word == "all" else [_STATES[word]]
    found = {state: _matching(keys.listing(state), globs or ["*"]) for state in states}
    if options.output != "text":
        _print({state.value: ids for state, ids in found.items()}, options.output)
        return exit_codes.OK
    for state, ids in found.items():
        print(_HEADINGS[state], *ids, sep="\n")
    return exit_codes.OK


def _finger(keys: Keys, options: argparse.Namespace) -> int:
    globs = options.globs or ["*"]
    found: dict[str, dict[str, str]] = {}
    if not options.globs:
        found["local"] = {"master.pub": keys.master_fingerprint()}
    for state in _HEADINGS:
        ids = _matching(keys.listing(state), globs)
        if ids:
            found[state.value] = {each: keys.fingerprint(state, each) for each in ids}
    if options.output != "text":
        _print(found, options.output)
    else:
        for folder, fingers in found.items():
            print("Local Keys:" if folder == "local" else _HEADINGS[KeyState(folder)])
            for name, finger in fingers.items():
                print(f"{name}:  {finger}")
    return exit_codes.OK if found else _nobody()


def _change(keys: Keys, options: argparse.Namespace, made: Parser) -> int:
    if bool(options.globs) == options.all:
        made.error(f"name the keys to {options.action} (globs), or give --all")
    sources = _sources(options)
    globs = ["*"] if options.all else options.globs
    meant = [(state, each) for state in sources for each in _matching(keys.listing(state), globs)]
    if not meant:
        return _nobody()
    if not options.yes and not _confirmed(options.action, meant, made):
        print("txsalt-cli: nothing was changed", file=sys.stderr)
        return exit_codes.GENERIC
    deed: Callable[[KeyState, str], bool] = getattr(keys, options.action)
    done = [each for state, each in meant if deed(state, each)]
    for each in done:
        print(f"{_PAST[options.action]}: {each}")
    return exit_codes.OK if done else _nobody()


_PAST = {"accept": "accepted", "reject": "rejected", "delete": "deleted"}


def _sources(options: argparse.Namespace) -> list[KeyState]:
    if options.action == "delete":
        return list(KeyState)
    other = KeyState.REJECTED if options.action == "accept" else KeyState.ACCEPTED
    included = options.include_rejected if options.action == "accept" else options.include_accepted
    sources = [KeyState.PENDING]
    if included or options.include_all:
        sources.append(other)
    if options.include_denied or options.include_all:
        sources.append(KeyState.DENIED)
    return sources


def _confirmed(action: str, meant: list[tuple[KeyState, str]], made: Parser) -> bool:
    if not sys.stdin.isatty():
        made.error(f"there is no terminal to ask on; say --yes to {action} {len(meant)} keys")
    print(f"The following keys are going to be {_PAST[action]}:", file=sys.stderr)
    for state, each in meant:
        print(f"  {each}  ({state.value})", file=sys.stderr)
    print("Proceed? [n/Y] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def _matching(ids: list[str], globs: list[str]) -> list[str]:
    return [each for each in ids if any(fnmatch.fnmatchcase(each, glob) for glob in globs)]


def _nobody() -> int:
    print("txsalt-cli: no key matches", file=sys.stderr)
    return exit_codes.GENERIC


def _print(value: dict[str, object] | dict[str, list[str]], how: str) -> None:
    from txsalt.outputters.render import render

    print(render(value, how))


def _parser() -> Parser:
    made = parser("txsalt-cli key", "Manage the keys of minions.", _EPILOG)
    made.add_argument("command", choices=["key"], help=argparse.SUPPRESS)
    made.add_argument(
        "action", choices=["list", "accept", "reject", "delete", "finger"], help="what to do"
    )
    made.add_argument(
        "globs", nargs="*", metavar="GLOB", help="ids (list: may start with a state: acc, pre, …)"
    )
    made.add_argument("-a", "--all", action="store_true", help="every key that the action is for")
    made.add_argument("-y", "--yes", action="store_true", help="do not ask")
    made.add_argument("--out", dest="output", choices=["text", "json", "yaml"], default="text")
    for name, text in (
        ("accepted", "reject: accepted keys too"),
        ("rejected", "accept: rejected keys too"),
        ("denied", "denied keys too"),
        ("all", "keys in every state"),
    ):
        made.add_argument(f"--include-{name}", action="store_true", help=text)
    return made
