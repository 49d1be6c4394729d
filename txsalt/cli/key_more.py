"""The rarer actions of ``txsalt-cli key``: long lists, print, gen, log."""

import argparse
import fnmatch
import sys
import time
from typing import Any  # what the outputters take

from txsalt.cli.key import HEADINGS, TEXT, matching, nobody
from txsalt.cli.output_options import Printer
from txsalt.client.keys import Keys
from txsalt.jobs import exit_codes
from txsalt.jobs.reasons import age
from txsalt.outputters.text import printable
from txsalt.protocol.admission import KeyState

_LEAST_BITS, _MOST_BITS = 2048, 8192


def run(keys: Keys, options: argparse.Namespace, printer: Printer) -> int:
    """Run print, gen or log; return the exit code."""
    if options.action == "print":
        return _print(keys, options, printer)
    if options.action == "log":
        return _log(keys, options, printer)
    if len(options.globs) != 1:
        options.complain("name the one minion that the key is for")
    if not _LEAST_BITS <= options.keysize <= _MOST_BITS:
        options.complain(f"a key has {_LEAST_BITS} to {_MOST_BITS} bits")
    paths = keys.generate(
        options.globs[0], options.dir, bits=options.keysize, accept=options.accept
    )
    if printer.how == TEXT:
        printer.write(*paths)
    else:
        printer.show({"files": list(paths)})
    return exit_codes.OK


def long_list(keys: Keys, found: dict[KeyState, list[str]], printer: Printer) -> int:
    """Print keys with age and fingerprint."""
    now = time.time()
    told: dict[str, dict[str, dict[str, Any]]] = {}
    for state, ids in found.items():
        about = told[state.value] = {}
        for each in ids:
            since = keys.changed_at(state, each)
            if since is not None:
                finger = keys.fingerprint(state, each)
                about[each] = {"age": int(max(0, now - since)), "fingerprint": finger}
    if printer.how != TEXT:
        printer.show(told)
        return exit_codes.OK
    width = max((len(each) for ids in found.values() for each in ids), default=0)
    for state in found:
        printer.write(HEADINGS[state])
        for each, facts in told[state.value].items():
            printer.write(f"{each:<{width}}  {age(facts['age']):>5}  {facts['fingerprint']}")
    return exit_codes.OK


def _print(keys: Keys, options: argparse.Namespace, printer: Printer) -> int:
    found: dict[str, dict[str, str]] = {}
    for state in HEADINGS:
        ids = matching(keys.listing(state), options.globs or ["*"])
        if ids:
            found[state.value] = {each: keys.pem(state, each) for each in ids}
    if printer.how != TEXT:
        printer.show(found)
    else:
        for folder, pems in found.items():
            printer.write(HEADINGS[KeyState(folder)])
            printer.write(*(f"{each}:  {printable(pem)}" for each, pem in pems.items()))
    return exit_codes.OK if found else nobody()


def _log(keys: Keys, options: argparse.Namespace, printer: Printer) -> int:
    globs = options.globs or ["*"]
    lines = [
        each
        for each in keys.history()
        if any(fnmatch.fnmatchcase(str(each.get("id", "")), glob) for glob in globs)
    ]
    if printer.how != TEXT:
        printer.show({"changes": lines})
    else:
        for each in lines:
            note = f"  # {each['note']}" if each.get("note") else ""
            words = [str(each.get(name) or "-") for name in ("time", "act", "id", "by", "finger")]
            printer.write(printable("  ".join(words) + note).replace("\n", " "))
    broken = keys.broken_history()
    if broken:
        print(
            f"txsalt-cli: the audit log was changed: line {broken} does not follow on",
            file=sys.stderr,
        )
        return exit_codes.GENERIC
    return exit_codes.OK
