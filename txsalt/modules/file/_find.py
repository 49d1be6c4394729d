"""
Criteria and actions of ``file.find``.

Source: Salt 3008.3, utils/find.py.
"""

import grp
import hashlib
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any  # actions return whatever was asked for

from attrs import frozen

from txsalt.modules.file._text import windows

_TYPES = {
    "b": stat.S_IFBLK,
    "c": stat.S_IFCHR,
    "d": stat.S_IFDIR,
    "f": stat.S_IFREG,
    "l": stat.S_IFLNK,
    "p": stat.S_IFIFO,
    "s": stat.S_IFSOCK,
}
_LETTERS = {kind: letter for letter, kind in _TYPES.items()}
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_INTERVAL = re.compile(
    r"\s*(?P<sign>[+-]?)" + "".join(rf"\s*(?:(\d+(?:\.\d*)?)\s*[{u}{u.upper()}])?" for u in "wdhms")
    + r"\s*"
)  # fmt: skip
_SECONDS = (604800, 86400, 3600, 60, 1)


@frozen
class Entry:
    """One path that was come across; a link is described by what it points to."""

    folder: str
    name: str
    path: str

    def status(self) -> os.stat_result:
        """Look at it; raises OSError if it is gone."""
        try:
            return os.stat(self.path)
        except OSError:
            return os.lstat(self.path)


Criterion = Callable[[Entry], bool]
Action = Callable[[Entry, bool], Any]  # told whether it is a test


@frozen(kw_only=True)
class Search:
    """What to look for, and what to do with it."""

    criteria: list[Criterion]
    actions: list[Action]
    mindepth: int
    maxdepth: int | None
    test: bool

    def run(self, top: str) -> Iterator[Any]:
        """Give what the actions give for each match; None is left out."""
        if self.mindepth < 1:
            yield from self._try(Entry(*os.path.split(top), top))
        base = top.rstrip("/").count("/")
        for folder, folders, names in os.walk(top):
            depth = (folder.rstrip("/").count("/") - base) + 1
            if depth >= self.mindepth and (self.maxdepth is None or depth <= self.maxdepth):
                for name in [*folders, *names]:
                    yield from self._try(Entry(folder, name, os.path.join(folder, name)))
            if self.maxdepth is not None and depth >= self.maxdepth:
                folders.clear()

    def _try(self, entry: Entry) -> Iterator[Any]:
        try:
            if not all(criterion(entry) for criterion in self.criteria):
                return
            results = [action(entry, self.test) for action in self.actions]
        except OSError:
            return  # gone since the folder was listed, or not for us to read
        yield from (each for each in results if each is not None)


def parse(options: dict[str, Any]) -> Search:
    """Read the options of a search. Raises ValueError with what is wrong."""
    given = {key: value for key, value in options.items() if not key.startswith("_")}
    depths = given.pop("mindepth", 0), given.pop("maxdepth", None)
    test = bool(given.pop("test", False))
    cheap: list[Criterion] = []
    costly: list[Criterion] = []
    actions: list[Action] = []
    for key, value in given.items():
        if not value:
            raise ValueError(f'missing value for "{key}" option')
        if key in _CHEAP:
            cheap.append(_CHEAP[key](str(value)))
        elif key in _COSTLY:
            costly.append(_COSTLY[key](str(value)))
        elif key in _ACTIONS:
            if key == "delete":
                cheap.append(_of_type("bcdpfls" if "a" in str(value) else str(value)))
            actions.append(_ACTIONS[key](str(value)))
        else:
            raise ValueError(f'invalid option "{key}"')
    return Search(
        criteria=cheap + costly,
        actions=actions or [_printing("path")],
        mindepth=int(depths[0]),
        maxdepth=None if depths[1] is None else int(depths[1]),
        test=test,
    )


def _named(flags: int) -> Callable[[str], Criterion]:
    def make(pattern: str) -> Criterion:
        expression = pattern.replace(".", r"\.").replace("?", ".?").replace("*", ".*") + "$"
        return _regex(flags)(expression)

    return make


def _regex(flags: int) -> Callable[[str], Criterion]:
    def make(pattern: str) -> Criterion:
        compiled = _compiled(pattern, flags)
        return lambda entry: compiled.match(entry.name) is not None

    return make


def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    try:
        return re.compile(pattern, flags)
    except re.error:
        raise ValueError(f'invalid regular expression: "{pattern}"') from None


def _of_type(letters: str) -> Criterion:
    wanted = set()
    for letter in "".join(letters.replace(",", " ").split()):
        if letter not in _TYPES:
            raise ValueError(f'invalid file type "{letter}"')
        wanted.add(_TYPES[letter])
    return lambda entry: stat.S_IFMT(entry.status().st_mode) in wanted


def _owned(value: str) -> Criterion:
    wanted = {_number(name, "user", lambda n: pwd.getpwnam(n).pw_uid) for name in _words(value)}
    return lambda entry: entry.status().st_uid in wanted


def _of_group(value: str) -> Criterion:
    wanted = {_number(name, "group", lambda n: grp.getgrnam(n).gr_gid) for name in _words(value)}
    return lambda entry: entry.status().st_gid in wanted


def _number(name: str, kind: str, look_up: Callable[[str], int]) -> int:
    if name.isdigit():
        return int(name)
    try:
        return look_up(name)
    except KeyError:
        raise ValueError(f'no such {kind} "{name}"') from None


def _of_size(value: str) -> Criterion:
    text = value.strip()
    sign = text[:1] if text[:1] in "+-" else ""
    digits = text[len(sign) :]
    unit = _UNITS.get(digits[-1:].lower(), 0)
    try:
        number = int(float(digits[:-1] if unit else digits) * (unit or 1))
    except (ValueError, OverflowError):
        raise ValueError(f'invalid size: "{value}"') from None
    low = 0 if sign == "-" else number
    high = {"-": number, "+": sys.maxsize, "": number + (unit or 1) - 1}[sign]
    return lambda entry: low <= entry.status().st_size <= high


def _changed(value: str) -> Criterion:
    match = _INTERVAL.fullmatch(value)
    if match is None:
        raise ValueError(f"invalid time interval: '{value}'")
    sign, *amounts = match.groups()
    parts = [(float(n), unit) for n, unit in zip(amounts, _SECONDS, strict=True) if n is not None]
    if not parts:
        raise ValueError(f"invalid time interval: '{value}'")
    smallest = min(unit for _, unit in parts)
    total = sum(number * unit for number, unit in parts)
    limit = time.time() - int(total / smallest) * smallest
    if sign == "-":
        return lambda entry: entry.status().st_mtime >= limit
    return lambda entry: int(entry.status().st_mtime) <= limit


def _containing(pattern: str) -> Criterion:
    compiled = _compiled(pattern)

    def matches(entry: Entry) -> bool:
        if not stat.S_ISREG(entry.status().st_mode):
            return False
        return any(compiled.search(piece) for piece in windows(entry.path))

    return matches


def _printing(value: str) -> Action:
    wanted = _words(value) or ["path"]

    def action(entry: Entry, test: bool) -> Any:
        found = [_FIELDS[field](entry) for field in wanted if field in _FIELDS]
        return found[0] if len(found) == 1 else found

    return action


def _deleting(value: str) -> Action:
    def action(entry: Entry, test: bool) -> str | None:
        if test:
            return entry.path
        try:
            if os.path.isdir(entry.path) and not os.path.islink(entry.path):
                shutil.rmtree(entry.path)
            else:
                os.remove(entry.path)
        except OSError:
            return None
        return entry.path

    return action


def _executing(command: str) -> Action:
    words = shlex.split(command)
    if not words:
        raise ValueError('missing value for "exec" option')

    def action(entry: Entry, test: bool) -> str:
        shown = command.replace("{}", entry.path)
        if test:
            return shown
        # The path replaces the braces after the words are split: spaces in it split nothing.
        argv = [word.replace("{}", entry.path) for word in words]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except OSError:
            return f"{entry.path}: Failed"
        return f"{shown}:\n{done.stdout.decode(errors='replace')}\n"

    return action


def _user(entry: Entry) -> Any:
    uid = entry.status().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return uid


def _group(entry: Entry) -> Any:
    gid = entry.status().st_gid
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return gid


def _md5(entry: Entry) -> str:
    if not stat.S_ISREG(entry.status().st_mode):
        return ""
    with open(entry.path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _words(value: str) -> list[str]:
    return value.replace(",", " ").split()


_CHEAP: dict[str, Callable[[str], Criterion]] = {
    "name": _named(0),
    "iname": _named(re.IGNORECASE),
    "regex": _regex(0),
    "iregex": _regex(re.IGNORECASE),
    "type": _of_type,
    "owner": _owned,
    "group": _of_group,
    "size": _of_size,
    "mtime": _changed,
}
_COSTLY: dict[str, Callable[[str], Criterion]] = {"grep": _containing}
_ACTIONS: dict[str, Callable[[str], Action]] = {
    "print": _printing,
    "delete": _deleting,
    "exec": _executing,
}
_FIELDS: dict[str, Callable[[Entry], Any]] = {
    "path": lambda entry: entry.path,
    "name": lambda entry: entry.name,
    "size": lambda entry: entry.status().st_size,
    "type": lambda entry: _LETTERS.get(stat.S_IFMT(entry.status().st_mode), "?"),
    "mode": lambda entry: entry.status().st_mode & 0o777,
    "mtime": lambda entry: int(entry.status().st_mtime),
    "user": _user,
    "group": _group,
    "md5": _md5,
}
