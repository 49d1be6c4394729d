"""
Replace what matches a regular expression, or look for it.

Files are matched as bytes, so that no byte of them is lost; ``encoding`` asks for characters.

Source: Salt 3008.3, modules/file.py replace, search.
"""

import mmap
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any  # users pass whatever they typed

import attrs

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _atomic
from txsalt.modules.file._paths import expand, explained
from txsalt.modules.file._text import diff, looks_like_text


@attrs.frozen(kw_only=True)
class _Outcome:
    """The new content, or None if nothing changes."""

    content: bytes | None
    old_lines: list[Any]
    new_lines: list[Any]


def replace(path: str, pattern: str, repl: Any, count: int = 0, flags: Any = 8,
            bufsize: Any = 1, append_if_not_found: bool = False,
            prepend_if_not_found: bool = False, not_found_content: Any = None,
            backup: Any = ".bak", dry_run: bool = False, search_only: bool = False,
            show_changes: bool = True, ignore_if_missing: bool = False,
            preserve_inode: bool = True, backslash_literal: bool = False,
            encoding: str | None = None) -> str | bool:  # fmt: skip
    """
    Replace what matches; return the difference, or with show_changes False whether there is one.

    ``flags`` are names or the number of Python's re flags, MULTILINE by default. Files that are
    not text are refused, unless ``encoding`` says how to read them. The old file is kept beside
    it, with ``backup`` added to its name. The file is replaced in one step; hard links stay
    linked, unless preserve_inode is False. ``bufsize`` has no effect.

    CLI Example: txsalt-cli '*' file.replace /etc/fstab '(noatime),' '\\1,nodev,' count=1
    """
    given = expand(path)
    path = os.path.realpath(given)
    if not os.path.exists(path):
        if ignore_if_missing:
            return False
        raise SaltInvocationError(f"{path}: there is no such file")
    if not os.path.isfile(path) or (encoding is None and not looks_like_text(path)):
        raise SaltInvocationError(f"{path} is not text")
    missing = append_if_not_found or prepend_if_not_found
    if search_only and missing:
        raise SaltInvocationError("search_only does not go with append or prepend_if_not_found")
    if append_if_not_found and prepend_if_not_found:
        raise SaltInvocationError("give one of append_if_not_found and prepend_if_not_found")
    change = _Change(
        pattern=str(pattern),
        repl=str(repl),
        count=count,
        flags=_flags(flags),
        literal=backslash_literal,
        fallback=_text(repl if not_found_content is None else not_found_content),
        sought=_text(not_found_content or repl),
        at_end=append_if_not_found,
        at_start=prepend_if_not_found,
    )
    with explained("cannot edit"):
        if search_only:
            return _search(path, change, encoding)
        outcome = _outcome(path, change, encoding)
        if outcome.content is not None and not dry_run:
            _keep_copy(given, path, backup)
            with _atomic.replacing(path, keep_links=preserve_inode) as file:
                file.write(outcome.content)
    differences = diff(outcome.old_lines, outcome.new_lines)
    return differences if show_changes else bool(differences)


def search(path: str, pattern: str, flags: Any = 8, bufsize: Any = 1,
           ignore_if_missing: bool = False, multiline: bool = False) -> bool:  # fmt: skip
    """
    Tell whether a text file matches a regular expression somewhere.

    CLI Example: txsalt-cli '*' file.search /etc/crontab 'mymaintenance.sh'
    """
    wanted = _flags(flags) | (re.MULTILINE if multiline else 0)
    return bool(
        replace(
            path,
            pattern,
            "",
            flags=int(wanted),
            dry_run=True,
            search_only=True,
            show_changes=False,
            ignore_if_missing=ignore_if_missing,
        )
    )


@attrs.frozen(kw_only=True)
class _Change:
    """What ``replace`` was asked for."""

    pattern: str
    repl: str
    count: int
    flags: re.RegexFlag
    literal: bool
    fallback: str
    sought: str
    at_end: bool
    at_start: bool

    def apply(self, text: Any, kind: type) -> tuple[Any, Any]:  # fmt: skip
        """
        Give the new text, and what to add as a line if the pattern was not found, or None.

        ``text`` is a str, or bytes or a map of a file if ``kind`` is bytes.
        """
        pattern, repl = _as(kind, self.pattern), _as(kind, self.repl)
        if self.literal:
            repl = repl.replace(_as(kind, "\\"), _as(kind, "\\\\"))
        try:
            result, hits = re.subn(pattern, repl, text, count=self.count, flags=self.flags)
        except (re.error, IndexError) as exc:
            raise SaltInvocationError(f"{self.pattern!r} by {self.repl!r}: {exc}") from exc
        if hits or not (self.at_end or self.at_start) or self._is_there(text, kind):
            return result, None
        return result, _as(kind, self.fallback + "\n")

    def _is_there(self, text: Any, kind: type) -> bool:  # fmt: skip
        line = _as(kind, f"^{re.escape(self.sought)}($|(?=\r\n))")
        return re.search(line, text, flags=self.flags) is not None


def _search(path: str, change: _Change, encoding: str | None) -> bool:
    try:
        if encoding is not None:
            return re.search(change.pattern, _characters(path, encoding), change.flags) is not None
        with _mapped(path) as data:
            return re.search(change.pattern.encode(), data, change.flags) is not None
    except re.error as exc:
        raise SaltInvocationError(f"{change.pattern!r} is no regular expression: {exc}") from exc


def _outcome(path: str, change: _Change, encoding: str | None) -> _Outcome:
    if encoding is not None:
        return _outcome_in_characters(path, change, encoding)
    with _mapped(path) as data:
        new, line = change.apply(data, bytes)
        if line is None and len(new) == len(data) and new == data[:]:
            return _Outcome(content=None, old_lines=[], new_lines=[])
        old = data[:]
    if not _is_utf8(new) and _is_utf8(old):
        # The expression took a byte of a character: it is meant for characters.
        return _outcome_in_characters(path, change, "utf-8")
    return _finished(old.splitlines(True), new.splitlines(True), line, change, None)


def _outcome_in_characters(path: str, change: _Change, encoding: str) -> _Outcome:
    text = _characters(path, encoding)
    new, line = change.apply(text, str)
    old_lines, new_lines = text.splitlines(True), new.splitlines(True)
    return _finished(old_lines, new_lines, line, change, encoding)


def _finished(
    old: list[Any], new: list[Any], line: Any, change: _Change, encoding: str | None
) -> _Outcome:
    if line is not None:
        _add_line(new, line, change)
    if new == old:
        return _Outcome(content=None, old_lines=[], new_lines=[])
    content = _joined(new, encoding)
    return _Outcome(content=content, old_lines=old, new_lines=new)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _add_line(lines: list[Any], line: Any, change: _Change) -> None:
    if change.at_start:
        lines.insert(0, line)
        return
    line_feed = line[-1:]
    if lines and not lines[-1].endswith(line_feed):
        lines[-1] += line_feed
    lines.append(line)


def _keep_copy(given: str, path: str, backup: Any) -> None:
    """Keep the old content beside the file; beside a link to it, a link to the copy."""
    if not backup:
        return
    _atomic.keep_beside(path, f"{path}{backup}")
    if os.path.islink(given):
        with suppress(FileNotFoundError):
            os.unlink(f"{given}{backup}")
        os.symlink(f"{os.readlink(given)}{backup}", f"{given}{backup}")


@contextmanager
def _mapped(path: str) -> Iterator[Any]:
    """Give the content of a file without reading it into memory, if the system can."""
    with open(path, "rb") as file:
        try:
            data: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (ValueError, OSError):  # empty, or of a kind that cannot be mapped
            yield file.read()
            return
        with data:
            yield data


def _characters(path: str, encoding: str) -> str:
    try:
        with open(path, encoding=encoding, newline="") as file:
            return file.read()
    except (LookupError, UnicodeError) as exc:
        raise CommandExecutionError(f"cannot read {path} as {encoding}: {exc}") from exc


def _flags(given: Any) -> re.RegexFlag:
    if isinstance(given, int):
        return re.RegexFlag(given)
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, Iterable) or isinstance(names, Mapping):
        raise CommandExecutionError(f"flags {given!r}: give names of re flags, or their number")
    result = re.RegexFlag(0)
    for name in names:
        flag = getattr(re.RegexFlag, str(name).upper(), None)
        if not isinstance(flag, re.RegexFlag):
            raise CommandExecutionError(f"re has no flag {name!r}")
        result |= flag
    return result


def _text(given: Any) -> str:
    return given.decode() if isinstance(given, bytes) else str(given)


def _as(kind: type, text: str) -> Any:
    return text.encode() if kind is bytes else text


def _joined(lines: list[Any], encoding: str | None) -> bytes:
    """Encode as a whole: some encodings begin with a mark, once."""
    return b"".join(lines) if encoding is None else "".join(lines).encode(encoding)
