"""
Write what minions returned, in one of several ways.

Modules that cost time to import (json) are loaded only when they are used: the command line counts
its start in milliseconds.
"""

from collections.abc import Mapping
from typing import Any

from txsalt.errors import LocalError
from txsalt.light import frozen
from txsalt.outputters.text import lines_of, printable, to_text

NAMES = ("nested", "json", "yaml", "txt", "raw", "table", "quiet", "highstate")


@frozen
class UnknownOutputter(LocalError):
    """An outputter that does not exist was asked for."""

    name: str

    def __str__(self) -> str:
        return f"no outputter is called {self.name!r}; there are {', '.join(NAMES)}"


ONE_LINE = -1  # an indent


def render(
    data: Mapping[str, Any], how: str, *, color: bool = False, indent: int | None = None
) -> str:
    """
    Write a map of minion → value, without a line feed at the end; empty for ``quiet``.

    Give one minion at a time to write returns as they come in, or all at once for one document.
    ``indent`` is for json and yaml: columns, or a number below 0 for all on one line.
    Raises UnknownOutputter.
    """
    if how == "quiet":
        return ""
    if how == "txt":
        return "\n".join(_txt(data))
    if how == "raw":
        return printable(repr(dict(data)))
    if how == "json":
        from txsalt.outputters import json_text

        return json_text.render(data, 4 if indent is None else indent)
    if how == "yaml":
        from txsalt.outputters import yaml_text

        return yaml_text.render(data, indent)
    return _for_people(data, how, color)


def _for_people(data: Mapping[str, Any], how: str, color: bool) -> str:
    from txsalt.outputters.colors import Colors

    if how == "nested":
        from txsalt.outputters import nested

        return nested.render(data, Colors(color))
    if how == "table":
        from txsalt.outputters import table

        return table.render(data, Colors(color))
    if how == "highstate":
        from txsalt.outputters import highstate

        return highstate.render(data, Colors(color))
    raise UnknownOutputter(how)


def _txt(data: Mapping[str, Any]) -> list[str]:
    out = []
    for minion, value in data.items():
        lines = lines_of(value)
        if len(lines) > 1 and not lines[-1]:
            lines.pop()
        out += [f"{to_text(minion)}: {line}" for line in lines]
    return out
