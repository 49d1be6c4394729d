"""
Write values as YAML in block style, readable by any YAML 1.1 or 1.2 reader.

Our own writer, as loading a YAML library costs the command line more than the job takes. Text is
left plain only where no reader can take it for something else, stands in a block when it has
lines, and is quoted as in JSON otherwise.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from txsalt.light import frozen

MAX_DEPTH = 100

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+(-][A-Za-z0-9_./@+()-]*)*")
_NOT_TEXT = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
_BLOCK_LINE = re.compile(r"[ -~\xa1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*")
_UNSAFE = re.compile(r"[\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff\ufffe\uffff]")


def render(data: Any, indent: int | None = None) -> str:
    """
    Write one value of any kind as a document.

    Its last line still needs a line feed, as printing gives it. ``indent`` is a number of columns
    from 2 to 9, or less than 0 for flow style on one line; else 2 is taken, as Salt's YAML does.
    """
    if indent is not None and indent < 0:
        return _flow(data, 0)
    step = indent if indent is not None and 2 <= indent <= 9 else 2
    head, below = _Block(step).node(data, 0, 0)
    return "\n".join([*([head] if head else []), *(below or ())])


@frozen
class _Block:
    """Block style, each level so many columns further right."""

    step: int

    def node(self, value: Any, indent: int, depth: int) -> tuple[str, Iterator[str] | None]:
        """Return what stands on the line of the key or dash, and the lines below it."""
        if depth > MAX_DEPTH:
            return '"..."', None
        if isinstance(value, Mapping):
            return ("", self.map(value, indent, depth)) if value else ("{}", None)
        if isinstance(value, list | tuple | set | frozenset):
            return ("", self.list(value, indent, depth)) if value else ("[]", None)
        if isinstance(value, str) and "\n" in value and _fits_block(value):
            return _text_block(value, indent)
        return _scalar(value), None

    def map(self, value: Mapping[Any, Any], indent: int, depth: int) -> Iterator[str]:
        for key, item in value.items():
            # Lists are indented below their key, which is clearer and always right.
            head, below = self.node(item, indent + self.step, depth + 1)
            yield f"{' ' * indent}{_scalar(key)}:{' ' if head else ''}{head}"
            yield from below or ()

    def list(self, value: Any, indent: int, depth: int) -> Iterator[str]:
        dash = "-".ljust(self.step)
        for item in value:
            head, below = self.node(item, indent + self.step, depth + 1)
            if not head and below is not None:
                first = next(below)
                head = first[indent + self.step :]  # the first entry stands behind the dash
            yield f"{' ' * indent}{dash}{head}"
            yield from below or ()


def _flow(value: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        return '"..."'
    if isinstance(value, Mapping):
        parts = [f"{_scalar(key)}: {_flow(item, depth + 1)}" for key, item in value.items()]
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(_flow(item, depth + 1) for item in value)}]"
    return _scalar(value)


def _fits_block(text: str) -> bool:
    lines = text.split("\n")
    # Blanks before the first line would be taken for its indentation.
    return lines[0][:1] not in ("", " ") and all(_BLOCK_LINE.fullmatch(line) for line in lines)


def _text_block(text: str, indent: int) -> tuple[str, Iterator[str]]:
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    sign = ("|-", "|")[trailing] if trailing < 2 else "|+"
    lines = body.split("\n") + [""] * max(0, trailing - 1)
    return sign, (" " * indent + line if line else "" for line in lines)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "backslashreplace")
    return _string(value if isinstance(value, str) else repr(value))


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 reads 1e+16 as text, and 1.0e+16 as a number.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _string(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
