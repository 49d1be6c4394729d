"""
The line of a text that an error is about, fit to be shown.
"""

import re

_LONGEST = 100
_SECRET = re.compile(
    r"((?:pass|passwd|password|passphrase|secret|token|key_pass|priv\w*)[\"']?\s*[:=]\s*)\S.*$",
    re.IGNORECASE,
)


def excerpt(text: str, line: int) -> str:
    """
    Return line number ``line`` (from 1) of ``text``, cut to 100 characters.

    What follows a name like password is replaced by dots; control characters by blanks.
    Empty if there is no such line.
    """
    lines = text.splitlines()
    if not 0 < line <= len(lines):
        return ""
    shown = "".join(char if char.isprintable() else " " for char in lines[line - 1]).rstrip()
    shown = _SECRET.sub(r"\1…", shown)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
