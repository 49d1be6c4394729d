"""
Text in files: what counts as text, how it is decoded, how two texts differ.

Source: Salt 3008.3, utils/stringutils.py is_binary, get_diff; utils/files.py get_encoding.
"""

import codecs
import difflib
from collections.abc import Iterable, Iterator, Sequence

_PLAIN = bytes(range(32, 127)) + b"\n\r\t\f\b"
_BEYOND_ASCII = bytes(range(128, 255))
_STRANGE_SHARE = 0.3
_WINDOW = 256 * 1024  # characters that one window shows
_STEP = 32 * 1024  # characters from one window to the next
_MARKS = (
    ("UTF-32-BE", codecs.BOM_UTF32_BE),
    ("UTF-32-LE", codecs.BOM_UTF32_LE),
    ("UTF-16-BE", codecs.BOM_UTF16_BE),
    ("UTF-16-LE", codecs.BOM_UTF16_LE),
)


def is_binary(sample: bytes) -> bool:
    """Tell by a sample whether a file is not text: a NUL, or more than 30 % strange bytes."""
    if not sample:
        return False
    if b"\0" in sample:
        return True
    known = _PLAIN
    try:
        sample.decode()
        known += _BEYOND_ASCII
    except UnicodeDecodeError as exc:
        if exc.reason == "unexpected end of data":  # the sample ends inside a character
            known += _BEYOND_ASCII
    return len(sample.translate(None, known)) / len(sample) > _STRANGE_SHARE


def looks_like_text(path: str, sample_size: int = 512) -> bool:
    """Tell whether the first bytes of a file are text; False if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return not is_binary(file.read(sample_size))
    except OSError:
        return False


def wide_encoding(sample: bytes) -> str | None:
    """Name the encoding of two or four bytes a character that a file's first bytes mark, if any."""
    return next((name for name, mark in _MARKS if sample.startswith(mark)), None)


def decode(data: bytes) -> str:
    """Decode a line for showing it: as UTF-8, else as Latin-1, which takes everything."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def diff(
    old: Sequence[bytes | str], new: Sequence[bytes | str], old_name: str = "", new_name: str = ""
) -> str:
    """Give the difference of two lists of lines in the unified format; "" if they are equal."""
    return "".join(diff_lines(old, new, old_name, new_name))


def diff_lines(
    old: Iterable[bytes | str], new: Iterable[bytes | str], old_name: str = "", new_name: str = ""
) -> list[str]:
    """Give the lines of the difference of two lists of lines."""
    return list(difflib.unified_diff(_decoded(old), _decoded(new), old_name, new_name))


def windows(path: str) -> Iterator[str]:
    """
    Give a large text file piece by piece, pieces overlapping; a small one is one piece.

    Bytes that are not UTF-8 become lone surrogates. Raises OSError.
    """
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        piece = file.read(_WINDOW)
        while piece:
            yield piece
            more = file.read(_STEP)
            if not more:
                return
            piece = piece[_STEP:] + more


def _decoded(lines: Iterable[bytes | str]) -> list[str]:
    return [decode(line) if isinstance(line, bytes) else line for line in lines]
