"""
Read one word of the command line as one line of YAML in flow style: ``[1, {a: b}, "c"]``.

Our own reader for what fits in one line, as loading a YAML library would cost the command line
more time than the whole job. No anchors, aliases, tags or block style: such words are refused and
thus stay text.

Source: YAML 1.1, chapters 5 and 7; PROTOCOL.md 12.1.
"""

import re
from typing import Any

from txsalt.jobs.scalars import typed
from txsalt.light import define

MAX_DEPTH = 100
MAX_KEY = 1024  # characters, as YAML has it for keys on one line

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "\\": "\\", "/": "/", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_CODES = {"x": 2, "u": 4, "U": 8}
_FLOW_SIGNS = ",[]{}"
_UNCLEAR_AFTER_COLON = ",?[]{}"
_NEVER_FIRST = ",[]{}#&*!|>'\"%@`"


class NotFlow(Exception):
    """The word is no YAML that we read; it is meant as text."""


def read(text: str) -> Any:
    """
    Return the value of a whole line: a scalar, a list in brackets or a map in braces.

    Raises NotFlow for everything else, also for a map without braces.
    """
    reader = _Reader(text)
    value = reader.top()
    reader.blanks()
    if reader.peek() not in ("", "#"):
        raise NotFlow
    return value


@define
class _Reader:
    text: str
    at: int = 0
    depth: int = 0

    def top(self) -> Any:
        self.blanks()
        sign = self.peek()
        if sign in ("[", "{"):
            value = self.collection()
        elif sign in ("'", '"'):
            value = self.quoted()
        else:
            return self.plain(in_flow=False)
        if self.after_blanks() == ":":
            raise NotFlow  # the key of a map without braces
        return value

    def collection(self) -> Any:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotFlow
        value = self.sequence() if self.peek() == "[" else self.mapping()
        self.depth -= 1
        return value

    def sequence(self) -> list[Any]:
        self.at += 1
        items: list[Any] = []
        while self.after_blanks() != "]":
            items.append(self.entry())
            self.comma("]")
        self.at += 1
        return items

    def entry(self) -> Any:
        """Read an item of a list; ``a: b`` is a map of one."""
        begin = self.at
        item = self.node()
        if not self.is_colon(begin):
            return item
        return {self.key(item, begin): self.value_after_colon()}

    def mapping(self) -> dict[Any, Any]:
        self.at += 1
        found: dict[Any, Any] = {}
        while self.after_blanks() != "}":
            begin = self.at
            key = self.key(self.node(), begin)
            value = self.value_after_colon() if self.is_colon(begin) else None
            if key in found:
                raise NotFlow
            found[key] = value
            self.comma("}")
        self.at += 1
        return found

    def key(self, value: Any, begin: int) -> Any:
        # "<<" and "=" have meanings of their own in YAML, which nobody wants in an argument.
        if isinstance(value, list | dict) or self.text[begin : self.at].strip() in ("<<", "="):
            raise NotFlow
        return value

    def node(self) -> Any:
        sign = self.peek()
        if sign in ("[", "{"):
            return self.collection()
        return self.quoted() if sign in ("'", '"') else self.plain(in_flow=True)

    def value_after_colon(self) -> Any:
        self.at += 1
        return None if self.after_blanks() in (",", "]", "}") else self.node()

    def is_colon(self, begin: int) -> bool:
        """Tell whether a key ends here; after quotes and brackets no blank need follow."""
        end = self.at
        if self.after_blanks() != ":":
            return False
        if end - begin > MAX_KEY:
            raise NotFlow
        return self.is_indicator(":") or self.text[begin] in "'\"[{"

    def is_indicator(self, sign: str) -> bool:
        following = self.text[self.at + 1 : self.at + 2]
        return self.peek() == sign and (following in ("", " ") or following in _FLOW_SIGNS)

    def comma(self, end: str) -> None:
        sign = self.after_blanks()
        if sign == ",":
            self.at += 1
        elif sign != end:
            raise NotFlow

    def plain(self, *, in_flow: bool) -> Any:
        begin = self.at
        first, second = self.peek(), self.text[begin + 1 : begin + 2]
        if not first or first in _NEVER_FIRST:
            raise NotFlow
        if first in "-?:" and (second in ("", " ") or (in_flow and first != "-")):
            raise NotFlow
        while self.at < len(self.text) and not self.ends_plain(in_flow):
            self.at += 1
        text = self.text[begin : self.at].rstrip(" ")
        if not in_flow and self.peek() == ":":
            raise NotFlow
        if text in ("=", "<<"):
            raise NotFlow
        return typed(text)

    def ends_plain(self, in_flow: bool) -> bool:
        sign = self.text[self.at]
        following = self.text[self.at + 1 : self.at + 2]
        if sign == ":" and following in ("", " "):
            return True
        if sign == ":" and in_flow and following in _UNCLEAR_AFTER_COLON:
            raise NotFlow
        return (in_flow and sign in _FLOW_SIGNS) or self.is_comment()

    def is_comment(self) -> bool:
        return self.peek() == "#" and (self.at == 0 or self.text[self.at - 1] == " ")

    def quoted(self) -> str:
        return self.single_quoted() if self.peek() == "'" else self.double_quoted()

    def single_quoted(self) -> str:
        match = re.compile(r"'((?:[^']|'')*+)'").match(self.text, self.at)
        if match is None:
            raise NotFlow
        self.at = match.end()
        return match[1].replace("''", "'")

    def double_quoted(self) -> str:
        self.at += 1
        out = []
        while (sign := self.peek()) != '"':
            if not sign:
                raise NotFlow
            self.at += 1
            out.append(self.escape() if sign == "\\" else sign)
        self.at += 1
        return "".join(out)

    def escape(self) -> str:
        sign = self.peek()
        self.at += 1
        if sign in _ESCAPES:
            return _ESCAPES[sign]
        code = self.code(_CODES.get(sign, 0))
        if 0xD800 <= code < 0xDC00 and self.text.startswith("\\u", self.at):
            # JSON writes what lies beyond 16 bits as two halves.
            self.at += 2
            low = self.code(4)
            if not 0xDC00 <= low < 0xE000:
                raise NotFlow
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise NotFlow
        return chr(code)

    def code(self, size: int) -> int:
        digits = self.text[self.at : self.at + size]
        self.at += len(digits)
        if not digits or len(digits) != size or not re.fullmatch("[0-9a-fA-F]+", digits):
            raise NotFlow
        return int(digits, 16)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def after_blanks(self) -> str:
        self.blanks()
        return self.peek()

    def blanks(self) -> None:
        while self.peek() == " ":
            self.at += 1
