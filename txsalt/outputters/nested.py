"""
Show values for people: maps as indented blocks, lists with dashes.

    web1:
        ----------
        ips:
            - 10.0.0.1
        up:
            True
"""

from collections.abc import Iterator, Mapping
from typing import Any

from txsalt.light import frozen
from txsalt.outputters.colors import Colors
from txsalt.outputters.text import lines_of, to_text

MAX_DEPTH = 100

_STEP = 4


def render(data: Mapping[str, Any], colors: Colors) -> str:
    """Write each minion's name and, indented, its value."""
    return "\n".join(_Nested(colors).map(data, 0, 0))


def indented(value: Any, indent: int, colors: Colors) -> list[str]:
    """Return the lines of one value, each indented by so many blanks."""
    return list(_Nested(colors).lines(value, indent, 1))


@frozen
class _Nested:
    colors: Colors

    def lines(self, value: Any, indent: int, depth: int, dash: str = "") -> Iterator[str]:
        if depth > MAX_DEPTH:
            yield " " * indent + "..."
        elif isinstance(value, Mapping):
            yield from self.map(value, indent, depth)
        elif isinstance(value, list | tuple):
            yield from self.list(value, indent, depth)
        else:
            yield from self.scalar(value, indent, dash)

    def map(self, value: Mapping[Any, Any], indent: int, depth: int) -> Iterator[str]:
        blanks = " " * indent
        if depth:
            yield blanks + self.colors.key("----------")
        for key in sorted(value, key=to_text):
            # On one line: what followed a line feed could pass for the answer of another minion.
            name = to_text(key).replace("\n", r"\n")
            yield f"{blanks}{self.colors.key(name)}:"
            yield from self.lines(value[key], indent + _STEP, depth + 1)

    def list(self, value: list[Any] | tuple[Any, ...], indent: int, depth: int) -> Iterator[str]:
        for item in value:
            if isinstance(item, list | tuple | Mapping):
                yield " " * indent + self.colors.text("|_")
                yield from self.lines(item, indent + 2, depth + 1)
            else:
                yield from self.scalar(item, indent, "- ")

    def scalar(self, value: Any, indent: int, dash: str) -> Iterator[str]:
        if not isinstance(value, str | bytes | bytearray):
            yield " " * indent + dash + self.colors.value(to_text(repr(value)))
            return
        lines = lines_of(value)
        if len(lines) > 1 and not lines[-1]:
            lines.pop()  # a line feed at the end ends a line, and begins none
        for line in lines:
            yield (" " * indent + dash + self.colors.text(line)) if line else ""
            dash = " " * len(dash)
