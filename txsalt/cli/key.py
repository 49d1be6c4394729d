"""``txsalt-cli key``: list, accept, reject, delete, show and make the keys of minions."""

import argparse
import fnmatch
import sys
from collections.abc import Callable

from txsalt.cli import output_options
from txsalt.cli.options import Parser, parser
from txsalt.cli.output_options import Printer
from txsalt.client.keys import Keys
from txsalt.jobs import exit_codes
from txsalt.protocol.admission import KeyState

Shown = dict[tuple[KeyState, str], str]  # fingerprints that an operator was shown

HEADINGS = {
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
_CHANGES = ("accept", "reject", "delete")
TEXT = "text"
_FORMS = (TEXT, "nested", "json", "yaml", "raw", "quiet")
ACTIONS = ("list", *_CHANGES, "finger", "print", "gen", "log")
_OPTIONS_OF_SALT_KEY = {
    **dict.fromkeys(("-L", "--list-all", "-l", "--list"), "list"),
    **{f"-{name[0]}": f"{name} ID" for name in (*_CHANGES, "finger", "print")},
    **{f"-{name[0].upper()}": f"{name} --all" for name in _CHANGES},
    **{f"--{name}": f"{name} ID" for name in (*_CHANGES, "finger", "print")},
    **{f"--{name}-all": f"{name} --all" for name in _CHANGES},
    **dict.fromkeys(("-F", "--finger-all"), "finger"),
    **dict.fromkeys(("-P", "--print-all"), "print"),
    "--gen-keys": "gen NAME",
}
_PAST = {"accept": "accepted", "reject": "rejected", "delete": "deleted"}
_EPILOG = """\
actions:
  list [STATE] [GLOB]    ids by state; --long with age and fingerprint
  accept, reject, delete GLOB, or --all
  finger [GLOB]          fingerprints, as minions show theirs; print GLOB: the keys themselves
  gen NAME               make a key pair for a minion, in --dir
  log [GLOB]             who changed which key, when and why

Several globs are words of their own, or parted by commas.

examples:
  txsalt-cli key list
  txsalt-cli key accept web1 --note 'ticket 4711'
  txsalt-cli key accept 'web*' --dry-run
  txsalt-cli key accept web1,web2 --yes
  txsalt-cli key delete --all --yes
"""


def main(argv: list[str]) -> int:
    """Run one key command; return 0, or 1 if no key was meant or the question was denied."""
    made = _parser()
    _hint_at_actions(argv, made)
    options = made.parse_intermixed_args(argv)
    options.globs = [part for word in options.globs for part in word.split(",") if part]
    keys = Keys(options.config_dir, options.note)
    try:
        with output_options.printing(options) as printer:
            return _run(keys, options, printer)
    finally:
        keys.close()


def _run(keys: Keys, options: argparse.Namespace, printer: Printer) -> int:
    if options.action in _CHANGES:
        return _change(keys, options, printer)
    if options.action == "list":
        return _list(keys, options, printer)
    if options.action == "finger":
        return _finger(keys, options, printer)
    # The rest is rare, and has a file of its own.
    from txsalt.cli import key_more

    return key_more.run(keys, options, printer)


def _hint_at_actions(argv: list[str], made: Parser) -> None:
    """Answer an option of salt-key's with the action that stands for it here, or why it is not."""
    words = argv[: argv.index("--")] if "--" in argv else argv
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    known = {*made.known_options(), *_OPTIONS_OF_SALT_KEY}
    for option in options:
        if option.startswith("--") and option not in known:
            # Now: the parser would complain of its value, which it takes for the action.
            made.error(f"unrecognized arguments: {option}")
    if any(word in ACTIONS for word in argv):
        return
    for option in options:
        if option in _OPTIONS_OF_SALT_KEY:
            stands = _OPTIONS_OF_SALT_KEY[option]
            made.error(f"{option} is no action; did you mean 'key {stands}'?")


def matching(ids: list[str], globs: list[str]) -> list[str]:
    """Return the ids that any of the globs means."""
    if globs == ["*"]:
        return ids
    return [each for each in ids if any(fnmatch.fnmatchcase(each, glob) for glob in globs)]


def nobody(hint: str = "") -> int:
    """Say that no key is meant; return the exit code."""
    print(f"txsalt-cli: no key matches{hint}", file=sys.stderr)
    return exit_codes.GENERIC


def _list(keys: Keys, options: argparse.Namespace, printer: Printer) -> int:
    states = list(HEADINGS)
    globs = list(options.globs)
    if globs and globs[0].lower() in (*_STATES, "all"):
        word = globs.pop(0).lower()
        states = states if word == "all" else [_STATES[word]]
    found = {state: matching(keys.listing(state), globs or ["*"]) for state in states}
    if options.long:
        from txsalt.cli import key_more

        return key_more.long_list(keys, found, printer)
    if printer.how != TEXT:
        printer.show({state.value: ids for state, ids in found.items()})
        return exit_codes.OK
    for state, ids in found.items():
        printer.write(HEADINGS[state], *ids)
    return exit_codes.OK


def _finger(keys: Keys, options: argparse.Namespace, printer: Printer) -> int:
    globs = options.globs or ["*"]
    found: dict[str, dict[str, str]] = {}
    if not options.globs:
        found["local"] = {"master.pub": keys.master_fingerprint()}
    for state in HEADINGS:
        ids = matching(keys.listing(state), globs)
        if ids:
            found[state.value] = {each: keys.fingerprint(state, each) for each in ids}
    if printer.how != TEXT:
        printer.show(found)
        return exit_codes.OK if found else nobody()
    for folder, fingers in found.items():
        printer.write("Local Keys:" if folder == "local" else HEADINGS[KeyState(folder)])
        printer.write(*(f"{name}:  {finger}" for name, finger in fingers.items()))
    return exit_codes.OK if found else nobody()


def _elsewhere(keys: Keys, options: argparse.Namespace, globs: list[str]) -> str:
    """
    Say in which other states the keys are that were meant, and which options include them.

    Whose key is in the wanted state already is said of ids only: a glob may mean thousands.
    """
    if options.all or options.action == "delete":
        return ""
    past = _PAST[options.action]
    there = set(keys.listing(KeyState[past.upper()])).intersection(globs)
    hints = [f"{' '.join(sorted(there))}: {past} already"] if there else []
    hints += [
        f"{' '.join(found)}: {state.name.lower()}, see --include-{state.name.lower()}"
        for state in _others(options.action)
        if (found := matching(keys.listing(state), globs))
    ]
    return "".join(f"; {hint}" for hint in hints)


def _change(keys: Keys, options: argparse.Namespace, printer: Printer) -> int:
    if bool(options.globs) == options.all:
        options.complain(f"name the keys to {options.action} (globs), or give --all")
    sources = _sources(options)
    globs = ["*"] if options.all else options.globs
    meant = [(state, each) for state in sources for each in matching(keys.listing(state), globs)]
    if not meant:
        return nobody(_elsewhere(keys, options, globs))
    unknown = _left_out(keys, options, {each for _, each in meant})
    if options.dry_run:
        told = [f"{each}  {_about(keys, state, each)}" for state, each in meant]
        _tell(printer, f"would be {_PAST[options.action]}", told)
        return exit_codes.GENERIC if unknown else exit_codes.OK
    shown: Shown = {}
    if not options.yes:
        shown = {(state, each): keys.fingerprint(state, each) for state, each in meant}
        if not _confirmed(options, shown):
            print("txsalt-cli: nothing was changed", file=sys.stderr)
            return exit_codes.GENERIC
    done = _done(keys, options.action, meant, shown)
    _tell(printer, _PAST[options.action], done)
    if not done:
        return nobody()
    return exit_codes.GENERIC if unknown else exit_codes.OK


def _left_out(keys: Keys, options: argparse.Namespace, meant: set[str]) -> bool:
    """Name the ids whose keys are not changed, as a typo's; True if there is no key of one."""
    unknown = False
    for name in options.globs:
        if name not in meant and not any(sign in name for sign in "*?["):
            hint = _elsewhere(keys, options, [name])
            print(f"txsalt-cli: no key of {name} to {options.action}{hint}", file=sys.stderr)
            unknown = unknown or not hint
    return unknown


def _tell(printer: Printer, what: str, of: list[str]) -> None:
    if printer.how != TEXT:
        printer.show({what: of})
        return
    printer.write(*(f"{what}: {each}" for each in of))


def _done(keys: Keys, action: str, meant: list[tuple[KeyState, str]], shown: Shown) -> list[str]:
    """Change the keys that are meant; not those that are others than were ``shown``."""
    deed: Callable[[KeyState, str], bool] = getattr(keys, action)
    done = []
    for state, each in meant:
        # Whoever was asked may have taken minutes: a stranger may have sent another key meanwhile.
        if shown and keys.fingerprint(state, each) != shown[state, each]:
            print(f"txsalt-cli: the key of {each} was changed; it was left alone", file=sys.stderr)
        elif deed(state, each):
            done.append(each)
    return done


def _sources(options: argparse.Namespace) -> list[KeyState]:
    if options.action == "delete":
        return list(KeyState)
    other, denied = _others(options.action)
    included = options.include_rejected if options.action == "accept" else options.include_accepted
    sources = [KeyState.PENDING]
    if included or options.include_all:
        sources.append(other)
    if options.include_denied or options.include_all:
        sources.append(denied)
    return sources


def _others(action: str) -> tuple[KeyState, KeyState]:
    """Return the states whose keys 'accept' or 'reject' changes only if it is told to."""
    other = KeyState.REJECTED if action == "accept" else KeyState.ACCEPTED
    return other, KeyState.DENIED


def _confirmed(options: argparse.Namespace, shown: Shown) -> bool:
    if not sys.stdin.isatty():
        options.complain(
            f"there is no terminal to ask on; say --yes to {options.action} {len(shown)} keys"
        )
    print(f"The following keys are going to be {_PAST[options.action]}:", file=sys.stderr)
    for (state, each), finger in shown.items():
        print(f"  {each}  ({state.value})  {finger}", file=sys.stderr)
    print("Proceed? [n/Y] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    # Enter is a yes; Ctrl-D, or a terminal that is gone, is not.
    return bool(answer) and answer.strip().lower() in ("", "y", "yes")


def _about(keys: Keys, state: KeyState, minion_id: str) -> str:
    return f"({state.value})  {keys.fingerprint(state, minion_id)}"


def _parser() -> Parser:
    made = parser("txsalt-cli key", "Manage the keys of minions.", _EPILOG)
    made.salt_program = "salt-key"
    made.add_argument("command", choices=["key"], help=argparse.SUPPRESS)
    made.add_argument(
        "action",
        choices=ACTIONS,
        metavar="ACTION",
        help="what to do, see below",
    )
    made.add_argument("globs", nargs="*", metavar="GLOB", help="ids; for gen the name")
    made.add_argument("-a", "--all", action="store_true", help="every key that the action is for")
    made.add_argument("-y", "--yes", action="store_true", help="do not ask")
    made.add_argument("--dry-run", action="store_true", help="only say what would be changed")
    made.add_argument("--note", default="", metavar="TEXT", help="why, for the audit log")
    made.add_argument("-l", "--long", action="store_true", help="list: age and fingerprint")
    for name, text in (
        ("accepted", "reject: accepted keys too"),
        ("rejected", "accept: rejected keys too"),
        ("denied", "denied keys too; an accepted one replaces the key before it"),
        ("all", "keys in every state"),
    ):
        made.add_argument(f"--include-{name}", action="store_true", help=text)
    output = output_options.add_writing(made, _FORMS, TEXT)
    output.add_argument(
        "-q", "--quiet", dest="output", action="store_const", const="quiet",
        help="write nothing: the exit code tells, and what is wrong is still on stderr",
    )  # fmt: skip
    new = made.add_argument_group("gen")
    new.add_argument("--dir", default=".", metavar="DIR", help="where the files go (here)")
    new.add_argument("--keysize", type=int, default=2048, metavar="BITS", help="2048 to 8192")
    new.add_argument("--accept", action="store_true", help="and accept the key already")
    return made
