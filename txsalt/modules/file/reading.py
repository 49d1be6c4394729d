"""
Read files, and look for text in them.

Source: Salt 3008.3, modules/file.py.
"""

import fnmatch
import os
import re
from typing import Any  # users pass numbers and texts

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules.file._paths import expand, explained
from txsalt.modules.file._text import windows


def read(path: str, binary: bool = False) -> str | bytes:
    """
    Return the content of a file: text in UTF-8, or bytes with ``binary``.

    CLI Example: txsalt-cli '*' file.read /path/to/file
    """
    path = expand(path)
    with explained("cannot read"):
        if binary is True:
            with open(path, "rb") as file:
                return file.read()
        try:
            with open(path, encoding="utf-8", newline="") as text:
                return text.read()
        except UnicodeDecodeError as exc:
            raise CommandExecutionError(
                f"{path} is not text in UTF-8 (byte {exc.start}); read it with binary=True"
            ) from exc


def seek_read(path: str, size: Any, offset: Any) -> bytes:
    """
    Return up to ``size`` bytes of a file, from a byte on.

    CLI Example: txsalt-cli '*' file.seek_read /path/to/file 4096 0
    """
    with explained("cannot read"), open(expand(path), "rb", buffering=0) as file:
        file.seek(int(offset))
        return file.read(int(size)) or b""


def contains(path: str, text: Any) -> bool:
    """
    Tell whether a file contains a text; spaces around the text do not count.

    CLI Example: txsalt-cli '*' file.contains /etc/crontab 'mymaintenance.sh'
    """
    wanted = str(text).strip()
    return _any_window(path, lambda piece: wanted in piece)


def contains_regex(path: str, regex: str, lchar: str = "") -> bool:
    """
    Tell whether a line of a file matches a regular expression.

    The characters of ``lchar`` are taken off the front of each line first.

    CLI Example: txsalt-cli '*' file.contains_regex /etc/crontab '^[0-9]+ '
    """
    path = expand(path)
    if not os.path.exists(path):
        return False
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as lines:
            return any(re.search(regex, line.lstrip(lchar) if lchar else line) for line in lines)
    except re.error as exc:
        raise SaltInvocationError(f"{regex!r} is no regular expression: {exc}") from exc
    except OSError:
        return False


def contains_glob(path: str, glob_expr: str) -> bool:
    """
    Tell whether a file as a whole, first character to last, matches a shell pattern.

    CLI Example: txsalt-cli '*' file.contains_glob /etc/foobar '*cheese*'
    """
    return _any_window(path, lambda piece: fnmatch.fnmatch(piece, glob_expr))


def _any_window(path: str, matches: Any) -> bool:
    path = expand(path)
    if not os.path.exists(path):
        return False
    try:
        return any(matches(piece) for piece in windows(path))
    except OSError:
        return False
