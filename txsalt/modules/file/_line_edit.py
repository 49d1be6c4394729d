"""
Insert, ensure, delete or replace one line in a list of lines.

Lines carry their ends; a text whose last line is ended is followed by an empty line, so that the
place after it has a line of its own.

Source: Salt 3008.3, modules/file.py line.
"""

import os
import re

from attrs import frozen

from txsalt.jobs.errors import CommandExecutionError

MODES = ("insert", "ensure", "delete", "replace")
_END = re.compile(r"(\r\n|\n|\r)\Z")


@frozen(kw_only=True)
class Edit:
    """What to do; ``match``, ``before`` and ``after`` are regular expressions or plain texts."""

    mode: str
    content: str = ""
    match: str | None = None
    location: str | None = None  # "start" or "end"
    before: str | None = None
    after: str | None = None
    indent: bool = True


def apply(edit: Edit, lines: list[str]) -> list[str]:
    """Give the new lines. Raises CommandExecutionError if the place is not clear."""
    result = _EDITS[edit.mode](edit, list(lines))
    for index, line in enumerate(result[:-1]):
        if not _end_of(line):
            neighbour = index - 1 if index > 1 else 1 - index
            result[index] = line.rstrip() + (_end_of(result[neighbour]) or os.linesep)
    if result and not result[-1]:
        result.pop()
    return result


def split(text: str) -> list[str]:
    """Give the lines of a text as ``apply`` takes them."""
    lines = text.splitlines(keepends=True) if not _has_odd_breaks(text) else _split(text)
    return [*lines, ""] if lines and _end_of(lines[-1]) else lines


def _has_odd_breaks(text: str) -> bool:
    """Tell whether str.splitlines would split where files do not, as at a form feed."""
    return any(each in text for each in "\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def _split(text: str) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z", text)


def _delete(edit: Edit, lines: list[str]) -> list[str]:
    found = _matching(lines, edit.match)
    return [line for line in lines if line != found[0]] if found else lines


def _replace(edit: Edit, lines: list[str]) -> list[str]:
    found = _matching(lines, edit.match)
    if found:
        index = lines.index(found[0])
        lines[index] = _indented(edit, lines[index])
    return lines


def _insert(edit: Edit, lines: list[str]) -> list[str]:
    if edit.location:
        return _insert_at_edge(edit, lines)
    after, before = _matching(lines, edit.after), _matching(lines, edit.before)
    if after is None and before is None:
        raise CommandExecutionError("to insert a line, give location, before or after")
    if before and after:
        _only_one(after, "after")
        index = lines.index(_only_one(before, "before"))
        lines.insert(index, _indented(edit, lines[index]))
    elif after:
        index = lines.index(_only_one(after, "after"))
        if index + 1 >= len(lines) or not _same(lines[index + 1], edit.content):
            lines.insert(index + 1, _indented(edit, lines[index]))
    elif before:
        index = lines.index(_only_one(before, "before"))
        if not _same(lines[index - 1], edit.content):
            lines.insert(index, _indented(edit, lines[index]))
    else:
        raise CommandExecutionError("no line of the file matches before or after")
    return lines


def _insert_at_edge(edit: Edit, lines: list[str]) -> list[str]:
    if edit.location == "end":
        lines.append(_indented(edit, lines[-1]) if lines else edit.content)
    elif edit.location == "start":
        end = (_end_of(lines[0]) if lines else "") or os.linesep
        lines.insert(0, (edit.content.rstrip() if lines else edit.content) + end)
    return lines


def _ensure(edit: Edit, lines: list[str]) -> list[str]:
    after, before = _matching(lines, edit.after), _matching(lines, edit.before)
    if before and after:
        return _ensure_between(edit, lines, _only_one(after, "after"), _only_one(before, "before"))
    if before:
        index = lines.index(_only_one(before, "before"))
        if index == 0 or not _same(lines[index - 1], edit.content):
            lines.insert(index, _indented(edit, lines[index - 1]))
    elif after:
        index = lines.index(_only_one(after, "after"))
        if index + 1 >= len(lines) or not _same(lines[index + 1], edit.content):
            lines.insert(index + 1, _indented(edit, lines[index]))
    else:
        raise CommandExecutionError("no line of the file matches before or after")
    return lines


def _ensure_between(edit: Edit, lines: list[str], after: str, before: str) -> list[str]:
    if any(line.lstrip() == edit.content for line in lines):
        return lines
    first, last = lines.index(after), lines.index(before)
    if last - first not in (1, 2):
        raise CommandExecutionError("more than one line is between those of after and before")
    # One line may be there already: it gives way.
    lines[first + 1 : last] = [_indented(edit, lines[first])]
    return lines


_EDITS = {"insert": _insert, "ensure": _ensure, "delete": _delete, "replace": _replace}


def _matching(lines: list[str], pattern: str | None) -> list[str] | None:
    """Give the lines that match, or None if there is nothing to look in or for."""
    if not lines or not pattern:
        return None
    try:
        compiled = re.compile(pattern, re.DOTALL)
    except re.error as exc:
        raise CommandExecutionError(f"{pattern!r} is no regular expression: {exc}") from exc
    return [line for line in lines if compiled.search(line) or pattern in line]


def _only_one(found: list[str], name: str) -> str:
    if len(found) != 1:
        raise CommandExecutionError(f"{len(found)} lines match {name}; it must be exactly one")
    return found[0]


def _indented(edit: Edit, like: str) -> str:
    if not edit.indent:
        return edit.content
    return like[: len(like) - len(like.lstrip(" \t"))] + edit.content.lstrip()


def _same(line: str, content: str) -> bool:
    return line.rstrip("\r\n") == content.rstrip("\r\n")


def _end_of(line: str) -> str:
    found = _END.search(line)
    return found.group() if found else ""
