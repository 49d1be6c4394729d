"""
Make any value safe to print: text without control signs, which could steer a terminal.
"""

import re
from typing import Any

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def to_text(value: Any) -> str:
    """Return a value as text; bytes are read as UTF-8, with ``\\xNN`` for what is none."""
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "backslashreplace")
    return printable(str(value))


def printable(text: str) -> str:
    """Write control signs other than tab and line feed, and lone surrogates, as escapes."""
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def lines_of(value: Any) -> list[str]:
    """Return the lines of a value as text."""
    return to_text(value).split("\n")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
