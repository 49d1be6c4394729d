"""
``txsalt-cli __complete -- WORDS``: what may stand for the last word, for the scripts of shells.

Never fails and never says anything else: a shell that completes must not be disturbed. Nobody is
asked who might be slow: minions are the files of accepted keys, functions are read from sources
(see function_names.py), only job ids come from the master.
"""

import importlib
import itertools
import os
from collections.abc import Iterable, Iterator
from typing import Any

from txsalt.cli.main import COMMANDS, commands
from txsalt.jobs import exit_codes

_MOST = 2000  # more than a shell shows
_JOBS = 20
_WITH_VALUE = ("-c", "--config-dir")
_OF_GROUPS = ("-N", "--nodegroup")
_OF_LISTS = ("-L", "--list")

Word = tuple[str, str]  # and what it is


def main(argv: list[str]) -> int:
    """Print the words, one a line, each with what it is after a tab unless ``--plain`` is said."""
    begin = argv.index("--") + 1 if "--" in argv else len(argv)
    plain = "--plain" in argv[:begin]
    words = argv[begin:] or [""]
    try:
        found = [word for word in _candidates(words) if word[0].startswith(words[-1])]
    except Exception:
        return exit_codes.GENERIC
    for word, what in found[:_MOST]:
        if word.isprintable():  # ids and jobs are what others wrote, and this is for a terminal
            shown = "".join(sign for sign in what if sign.isprintable())
            print(word if plain or not shown else f"{word}\t{shown}")
    return exit_codes.OK


def _candidates(words: list[str]) -> Iterable[Word]:
    before, current = words[:-1], words[-1]
    folder = _config_dir(before)
    command = next((word for word in _positional(before)), "")
    if command not in COMMANDS:
        command = ""
    parser = _parser(command)
    after = _option(parser, before[-1]) if before else None
    if after is not None and after.nargs != 0:
        return _values(after, folder)
    if current.startswith("-"):
        return _options(parser)
    position = len(_positional(before, parser))
    if command == "":
        return _for_job(words, position, folder)
    return _for_command(command, position, before, folder)


def _for_job(words: list[str], position: int, folder: str) -> Iterable[Word]:
    before, current = words[:-1], words[-1]
    if position == 0 and not set(_OF_GROUPS).isdisjoint(before):
        return _nodegroups(folder)
    if position == 0 and not set(_OF_LISTS).isdisjoint(before):
        return _in_list(current, _minions(folder))
    if position == 0:
        # Options of a job come first: what follows is no command, as main.py has it.
        options = [word for word in before if word.startswith("-") and word not in _WITH_VALUE]
        known = [] if options else commands().items()
        return [*_minions(folder), *known]
    return _in_list(current, _functions(folder)) if position == 1 else ()


def _for_command(command: str, position: int, before: list[str], folder: str) -> Iterable[Word]:
    if command == "job":
        from txsalt.cli.job import ACTIONS

        if position == 1:
            return [(name, text) for name, (_, _, text) in ACTIONS.items()]
        return _jids(folder)
    if command == "run":
        from txsalt.cli.runner_names import HERE

        return list(HERE.items()) if position == 1 else ()
    if command == "event":
        return [("watch", "print events"), ("fire", "send one")] if position == 1 else ()
    if command == "call":
        from txsalt.cli import function_names

        return [(each, "") for each in function_names.built_in()] if position == 1 else ()
    if command == "status":
        return _minions(folder)
    if command == "why":
        return _jids(folder) if position == 1 else ()
    if command == "acl" and position > 2:
        return _of_explained(position, folder)
    action = _choices(_parser(command), position)
    if action or command != "key":
        return [(name, "") for name in action]
    return _minions(folder, "minions", "minions_pre", "minions_rejected", "minions_denied")


def _of_explained(position: int, folder: str) -> Iterable[Word]:
    """``acl explain USER TARGET FUNCTION``; users are nobody's to list."""
    if position == 3:
        return _minions(folder)
    return _functions(folder) if position == 4 else ()


def _parser(command: str) -> Any:
    if not command:
        from txsalt.cli.job_options import make_parser

        return make_parser(commands())
    module = importlib.import_module(COMMANDS[command][0])
    make = getattr(module, "make_parser", None) or module._parser
    return make()


def _options(parser: Any) -> Iterator[Word]:
    for action in parser._actions:
        for option in action.option_strings:
            if option.startswith("--") or len(action.option_strings) == 1:
                text = (action.help or "").replace("%(default)s", str(action.default))
                yield option, "" if text == "==SUPPRESS==" else text


def _option(parser: Any, word: str) -> Any:
    return next((each for each in parser._actions if word in each.option_strings), None)


def _values(action: Any, folder: str) -> Iterable[Word]:
    if action.choices:
        return [(str(each), "") for each in action.choices]
    if action.dest == "function":
        return _functions(folder)
    return _minions(folder) if action.dest in ("minion", "target") else ()


def _choices(parser: Any, position: int) -> list[str]:
    places = [each for each in parser._actions if not each.option_strings]
    return list(places[position].choices or ()) if position < len(places) else []


def _positional(words: list[str], parser: Any = None) -> list[str]:
    found, skip = [], False
    for word in words:
        action = _option(parser, word) if parser is not None else None
        takes = action.nargs != 0 if action is not None else word in _WITH_VALUE
        if skip:
            skip = False
        elif word.startswith("-") and len(word) > 1:
            skip = takes
        else:
            found.append(word)
    return found


def _config_dir(words: list[str]) -> str:
    from txsalt.client.places import DEFAULT_CONFIG_DIR

    for option, value in itertools.pairwise(words):
        if option in _WITH_VALUE:
            return os.path.expanduser(value)
    return DEFAULT_CONFIG_DIR


def _minions(folder: str, *states: str) -> list[Word]:
    from txsalt.config.read import read_master

    config, _ = read_master(folder)
    found: set[str] = set()
    for state in states or ("minions",):
        try:
            found.update(os.listdir(os.path.join(config.pki_dir, state)))
        except OSError:
            continue
    return [(each, "minion") for each in sorted(found) if not each.startswith(".")]


def _nodegroups(folder: str) -> list[Word]:
    from txsalt.config.read import read_master

    config, _ = read_master(folder)
    return [(each, "nodegroup") for each in sorted(config.nodegroups)]


def _jids(folder: str) -> list[Word]:
    from txsalt.client import records
    from txsalt.client.session import Session

    session = Session(folder)
    found = records.search(session, limit=_JOBS, hide="saltutil.find_job")
    return [(job["jid"], f"{job['fun']} on {job['tgt']:.40}") for job in found]


def _functions(folder: str) -> list[Word]:
    from txsalt.cli import function_names

    return [(each, "") for each in function_names.known(folder)]


def _in_list(current: str, found: Iterable[Word]) -> list[Word]:
    """Return what may stand behind the last comma, as whole words; nothing is offered twice."""
    head, comma, _ = current.rpartition(",")
    used = set(head.split(","))
    return [(f"{head}{comma}{word}", what) for word, what in found if word not in used]
