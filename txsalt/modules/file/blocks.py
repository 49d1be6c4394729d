"""
Manage a block of lines between two markers.

Source: Salt 3008.3, modules/file.py blockreplace.
"""

import os
import re
from typing import Any  # users pass whatever they typed

import attrs

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._atomic import keep_beside, write_whole
from txsalt.modules.file._paths import expand, explained
from txsalt.modules.file._text import diff, is_binary, wide_encoding

_SAMPLE = 2048  # bytes by which text is told from the rest
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


def blockreplace(path: str, marker_start: str = "#-- start managed zone --",
                 marker_end: str = "#-- end managed zone --", content: str = "",
                 append_if_not_found: bool = False, prepend_if_not_found: bool = False,
                 backup: Any = ".bak", dry_run: bool = False, show_changes: bool = True,
                 append_newline: bool | None = False, insert_before_match: str | None = None,
                 insert_after_match: str | None = None) -> str | bool:  # fmt: skip
    """
    Replace what is between two markers; return the difference, or whether there is one.

    Markers that are not there can be added: at the end, at the front, or before or after the first
    line that matches; else it is an error. ``append_newline`` puts a line feed between the content
    and the end marker, None only where it lacks one.

    CLI Example: txsalt-cli '*' file.blockreplace /etc/hosts '#-- start zone foobar --' \
        '#-- end zone foobar --' $'10.0.1.1 www\\n' append_if_not_found=True
    """
    ways = [append_if_not_found, prepend_if_not_found, insert_before_match, insert_after_match]
    if sum(map(bool, ways)) > 1:
        raise SaltInvocationError(
            "give one of append_if_not_found, prepend_if_not_found, insert_before_match and "
            "insert_after_match"
        )
    path = expand(path)
    if not os.path.exists(path):
        raise SaltInvocationError(f"{path}: there is no such file")
    with explained("cannot read"), open(path, "rb") as file:
        raw = file.read()
    encoding = _encoding(raw, path)
    old = _LINE.findall(raw.decode(encoding, "surrogateescape"))
    block = _block(str(content), marker_start, marker_end, append_newline, _line_end(old))
    new = _with_block(old, block)
    if new is None:
        new = _with_new_block(old, block, ways)
    differences = diff(old, new)
    if differences and not dry_run:
        with explained("cannot write"):
            if backup:
                keep_beside(path, f"{path}{backup}")
            write_whole(path, "".join(new).encode(encoding, "surrogateescape"))
    return differences if show_changes else bool(differences)


@attrs.frozen(kw_only=True)
class _Block:
    """The block to be; ``inner`` lines have no ends."""

    start: str
    end: str
    inner: list[str]
    ended: bool
    line_end: str

    def body(self, end: str) -> list[str]:  # fmt: skip
        """Give the lines after the start marker; ``end`` is the one with the end marker."""
        last = end.rstrip("\r\n") + self.line_end
        lines = [line + self.line_end for line in self.inner[:-1]]
        if self.ended:
            return [*lines, self.inner[-1] + self.line_end, last]
        return [*lines, self.inner[-1] + last]

    def whole(self) -> list[str]:  # fmt: skip
        """Give all lines, markers included."""
        return [self.start + self.line_end, *self.body(self.end)]


def _block(content: str, start: str, end: str, ended: bool | None, line_end: str) -> _Block:
    if ended is None:
        ended = not content.endswith("\n")
    inner = content.replace("\r\n", "\n").split("\n")
    return _Block(start=start, end=end, inner=inner, ended=bool(ended), line_end=line_end)


def _with_block(old: list[str], block: _Block) -> list[str] | None:
    """Give the lines with the blocks replaced; None if there are no markers."""
    new: list[str] = []
    inside = found = False
    for line in old:
        if block.start in line:
            inside = True
            new.append(line)
        elif not inside:
            new.append(line)
        elif (position := line.find(block.end)) != -1:
            inside, found = False, True
            new.extend(block.body(line[position:]))
    if inside:
        raise CommandExecutionError("the file ends before the end marker of the block")
    return new if found else None


def _with_new_block(old: list[str], block: _Block, ways: list[Any]) -> list[str]:
    at_end, at_start, before, after = ways
    lines = list(old)
    if at_start:
        return [*block.whole(), *lines]
    if at_end:
        if lines and not lines[-1].endswith(block.line_end):
            lines[-1] += block.line_end
        return [*lines, *block.whole()]
    pattern = before or after
    if pattern and not isinstance(pattern, str):
        raise CommandExecutionError(f"{pattern!r} is no regular expression")
    index = _first_match(lines, pattern) if pattern else None
    if index is None:
        raise CommandExecutionError("the file has no such markers")
    place = index if before else index + 1
    return [*lines[:place], *block.whole(), *lines[place:]]


def _first_match(lines: list[str], pattern: str) -> int | None:
    try:
        return next((at for at, line in enumerate(lines) if re.search(pattern, line)), None)
    except re.error as exc:
        raise CommandExecutionError(f"{pattern!r} is no regular expression: {exc}") from exc


def _line_end(lines: list[str]) -> str:
    if lines and lines[0].endswith("\r\n"):
        return "\r\n"
    return "\n"


def _encoding(raw: bytes, path: str) -> str:
    sample = raw[:_SAMPLE]
    encoding = wide_encoding(sample)
    if encoding:
        return encoding
    try:
        sample.decode()
    except UnicodeDecodeError as exc:
        if exc.reason != "unexpected end of data" and is_binary(sample):
            raise SaltInvocationError(f"{path} is not text") from exc
    return "utf-8"
