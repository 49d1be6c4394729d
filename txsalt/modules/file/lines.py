"""
Edit single lines of text files.

Source: Salt 3008.3, modules/file.py line, comment_line.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from typing import Any  # users pass whatever they typed

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._atomic import keep_beside, replacing, write_whole
from txsalt.modules.file import _line_edit
from txsalt.modules.file._paths import expand, explained
from txsalt.modules.file._text import diff, looks_like_text


def line(path: str, content: Any = None, match: Any = None, mode: str | None = None,
         location: str | None = None, before: str | None = None, after: str | None = None,
         show_changes: bool = True, backup: Any = False, quiet: bool = False,
         indent: bool = True) -> str | bool:  # fmt: skip
    """
    Edit one line: mode insert, ensure, delete or replace.

    The place is ``location`` (start, end), or the lines that match ``before`` and ``after``;
    ``match`` names the line to delete or replace. Returns the difference, or whether there is one.
    With ``backup`` the old file is kept beside it, with the time in its name.

    CLI Example: txsalt-cli '*' file.line /etc/nsswitch.conf "hosts: files" match="^hosts:"
        mode=replace
    """
    path = os.path.realpath(expand(path))
    if not os.path.isfile(path):
        if quiet:
            return False
        raise CommandExecutionError(f"{path}: there is no such file")
    mode = str(mode).lower() if mode else mode
    if mode not in _line_edit.MODES:
        raise CommandExecutionError(f"mode {mode!r} is none of {', '.join(_line_edit.MODES)}")
    if content is None and mode != "delete":
        raise CommandExecutionError("only the mode delete works without content")
    text = None if content is None else str(content)
    edit = _line_edit.Edit(
        mode=mode,
        content=text or "",
        match=text if before is None and after is None and not match else match,
        location=location,
        before=before,
        after=after,
        indent=indent,
    )
    with explained("cannot read"), open(path, "rb") as file:
        old = _line_edit.split(file.read().decode("utf-8", "surrogateescape"))
    new = _line_edit.apply(edit, old)
    if "".join(old) == "".join(new):
        return False
    if not __opts__.get("test"):
        with explained("cannot write"):
            if backup:
                keep_beside(path, f"{path}.{time.strftime('%Y-%m-%d-%H-%M-%S')}")
            write_whole(path, "".join(new).encode("utf-8", "surrogateescape"))
    return (show_changes and diff([each for each in old if each], new)) or True


def comment(path: str, regex: str, char: str = "#", backup: Any = ".bak") -> str | bool:
    """
    Comment out the lines that match; False if none does.

    CLI Example: txsalt-cli '*' file.comment /etc/modules pcspkr
    """
    return comment_line(path, regex, char, True, backup)


def uncomment(path: str, regex: str, char: str = "#", backup: Any = ".bak") -> str | bool:
    """
    Take the comment sign off lines that match behind it; False if none does.

    CLI Example: txsalt-cli '*' file.uncomment /etc/hosts.deny 'ALL: PARANOID'
    """
    return comment_line(path, regex, char, False, backup)


def comment_line(path: str, regex: str, char: str = "#", cmnt: bool = True,
                 backup: Any = ".bak") -> str | bool:  # fmt: skip
    """
    Comment lines out (``cmnt`` True) or in; return the lines that changed as a difference.

    False if no line matches. The old file is kept beside it, with ``backup`` added to its name.

    CLI Example: txsalt-cli '*' file.comment_line /etc/modules pcspkr
    """
    path = os.path.realpath(expand(path))
    if not os.path.isfile(path):
        raise SaltInvocationError(f"{path}: there is no such file")
    if not looks_like_text(path):
        raise SaltInvocationError(f"{path} is not text")
    wanted = _commented(regex, char, cmnt)

    def changed(text: str) -> str:  # fmt: skip
        if not wanted.match(text):
            return text
        return char + text if cmnt else text.lstrip(char)

    with explained("cannot edit"):
        old = [text for text in _decoded_lines(path) if wanted.match(text)]
        if not old:
            return False
        if backup:
            keep_beside(path, f"{path}{backup}")
        _rewrite(path, changed)
    return diff(old, [changed(text) for text in old])


def _commented(regex: str, char: str, cmnt: bool) -> re.Pattern[str]:
    """Compile the expression with its anchors around the rest, the comment sign in front."""
    start, end = regex.startswith("^"), "$" if regex.endswith("$") else ""
    inner = regex.lstrip("^").rstrip("$")
    try:
        if cmnt:
            return re.compile(f"{'^' if start else ''}({inner}){end}")
        return re.compile(rf"^{re.escape(char)}\s*({inner}){end}")
    except re.error as exc:
        raise SaltInvocationError(f"{regex!r} is no regular expression: {exc}") from exc


def _decoded_lines(path: str) -> Iterator[str]:
    with open(path, "rb") as file:
        for raw in file:
            yield raw.decode("utf-8", "surrogateescape")


def _rewrite(path: str, changed: Callable[[str], str]) -> None:
    with replacing(path) as new:
        for text in _decoded_lines(path):
            new.write(changed(text).encode("utf-8", "surrogateescape"))
