"""
Show values as a table: one row a minion, one column for each key that their maps have.

    minion  kernel  num_cpus
    ------  ------  --------
    web1    Linux          2
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from txsalt.outputters.colors import Colors
from txsalt.outputters.text import lines_of, to_text

_GAP = "  "


def render(data: Mapping[str, Any], colors: Colors) -> str:
    """Write one table of all minions."""
    keys = _keys(data.values())
    head = ["minion", *(keys if keys else ["return"])]
    rows = [
        [minion, *([value.get(key, "") for key in keys] if keys else [value])]
        for minion, value in data.items()
    ]
    return columns(head, rows, colors)


def columns(head: Sequence[Any], rows: Iterable[Sequence[Any]], colors: Colors) -> str:
    """Write rows under a head; numbers stand right, cells may have lines."""
    head = [_flat(name) for name in head]
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(
            _width(line)
            for cell in (name, *(row[at] for row in cells))
            for line in cell.split("\n")
        )
        for at, name in enumerate(head)
    ]
    right = [bool(cells) and all(_is_number(row[at]) for row in cells) for at in range(len(head))]
    lines = [
        colors.key(_line(head, widths, right)),
        _line(["-" * each for each in widths], widths, right),
    ]
    for row in cells:
        parts = [cell.split("\n") for cell in row]
        for number in range(max(map(len, parts))):
            line = [part[number] if number < len(part) else "" for part in parts]
            lines.append(_line(line, widths, right))
    return "\n".join(lines)


def _keys(values: Iterable[Any]) -> list[Any]:
    """Return the keys for columns: of maps only, and only if they are few."""
    found: dict[Any, None] = {}
    for value in values:
        if not isinstance(value, Mapping) or len(value) > _MOST_COLUMNS:
            return []
        found |= dict.fromkeys(value)
    return list(found) if len(found) <= _MOST_COLUMNS else []


_MOST_COLUMNS = 30


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{to_text(key)}: {_flat(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(_flat(item) for item in value)
    lines = lines_of(value)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return "\n".join(line.expandtabs() for line in lines)


def _flat(value: Any) -> str:
    return to_text(value).replace("\n", " ").expandtabs()


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, width, to_right in zip(cells, widths, right, strict=True):
        blanks = " " * (width - _width(cell))
        padded.append(blanks + cell if to_right else cell + blanks)
    return _GAP.join(padded).rstrip()


def _width(text: str) -> int:
    """Return how many columns of a terminal a line takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).removeprefix("-").isdigit() or cell == ""
