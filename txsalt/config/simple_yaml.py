"""
Read the files that most configurations are: options, lists and maps of plain words, comments.

To load a YAML library costs a command line more time than all else that it reads. What is read
here is what YAML says it is; everything that could mean something else there (other signs,
several lines, words such as ``yes``, a key twice) is left to YAML, which also words the errors.
Files that programs write are often JSON, which is YAML, too, but for some numbers and escapes.

Source: YAML 1.1, chapters 7 to 9, as PyYAML reads it.
"""

import re
from typing import Any

from txsalt.light import define

_DEEPEST = 20
_PRINTABLE = r"[\x20-\x7e\n]*"
_IGNORED = r" *(?:#.*)?"
_END = r"(?: +(?:#.*)?)?"
_WORD = r"[A-Za-z/][A-Za-z0-9_./-]*"
_ENTRY = rf"({_WORD}):(?:{_END}| +(.*))"
_ITEM = r"- +(.*)"
_SCALAR = (
    rf"(?:(?P<word>{_WORD}|\d+\.\d+\.\d+\.\d+)|(?P<number>-?(?:0|[1-9]\d{{0,17}}))"
    rf"|'(?P<single>[^']*)'|\"(?P<double>[^\"\\]*)\"|(?P<empty>\[\]|\{{\}})){_END}"
)
_FLAGS = {"true": True, "false": False}
# As text these are something else in YAML.
_SPECIAL = frozenset(["true", "false", "yes", "no", "on", "off", "null"])


class NotSimple(Exception):
    """The text holds more than this reader knows: ask YAML."""


def read(text: str) -> Any:  # Any: whatever the text says
    """Return what ``renderers.yaml.load`` would return; raises NotSimple for what is not simple."""
    if not re.fullmatch(_PRINTABLE, text):
        raise NotSimple
    if text.lstrip().startswith("{"):
        return _read_json(text)
    lines = [
        (len(line) - len(line.lstrip(" ")), line.strip(" "))
        for line in text.split("\n")
        if not re.fullmatch(_IGNORED, line)
    ]
    if not lines:
        return None
    reader = _Reader(lines)
    value = reader.block(lines[0][0], 0)
    if reader.at < len(lines):
        raise NotSimple
    return value


@define
class _Reader:
    lines: list[tuple[int, str]]  # how far it is indented, and the rest
    at: int = 0

    def block(self, indent: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise NotSimple
        return self.items(indent) if self.is_item(indent) else self.entries(indent, depth)

    def items(self, indent: int) -> list[Any]:
        found = []
        while self.is_item(indent):
            found.append(_scalar(_matched(_ITEM, self.lines[self.at][1])[1]))
            self.at += 1
        return found

    def entries(self, indent: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.indent() == indent:
            key, value = _matched(_ENTRY, self.lines[self.at][1]).groups()
            if key in found or key.lower() in _SPECIAL:
                raise NotSimple
            self.at += 1
            found[key] = self.below(indent, depth) if value is None else _scalar(value)
        return found

    def below(self, indent: int, depth: int) -> Any:
        """Read what follows a key without a value: lines further in, a list beside it, nothing."""
        inner = self.indent()
        if inner > indent or self.is_item(indent):
            return self.block(inner, depth + 1)
        return None

    def indent(self) -> int:
        return self.lines[self.at][0] if self.at < len(self.lines) else -1

    def is_item(self, indent: int) -> bool:
        return self.indent() == indent and self.lines[self.at][1].startswith("- ")


def _matched(pattern: str, text: str) -> re.Match[str]:
    match = re.fullmatch(pattern, text)
    if match is None:
        raise NotSimple
    return match


def _scalar(text: str) -> Any:
    match = _matched(_SCALAR, text)
    said = match[match.lastgroup or 0]
    match match.lastgroup:
        case "word" if said in _FLAGS:
            return _FLAGS[said]
        case "word" if said.lower() in _SPECIAL:
            raise NotSimple
        case "number":
            return int(said)
        case "empty":
            return [] if said == "[]" else {}
    return said


def _read_json(text: str) -> Any:
    # Here: files that people write need none of it.
    import json

    if "\\" in text:
        raise NotSimple
    try:
        return json.loads(
            text,
            object_pairs_hook=_json_map,
            parse_int=lambda digits: int(_short(digits, 18)),
            parse_float=_json_float,
            parse_constant=_json_float,
        )
    except (ValueError, RecursionError):
        raise NotSimple from None


def _json_map(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {_short(key, 1000): value for key, value in pairs}
    if len(found) < len(pairs):
        raise NotSimple
    return found


def _json_float(text: str) -> float:
    if not text.strip("-").replace(".", "").isdigit():  # 1e3 is text in YAML, NaN is, too
        raise NotSimple
    return float(text)


def _short(text: str, most: int) -> str:
    if len(text) > most:
        raise NotSimple
    return text
