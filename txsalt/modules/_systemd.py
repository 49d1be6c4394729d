"""
Speak with systemctl: names of units, and what its lists say.

Source: systemctl(1), systemd.unit(5); Salt 3008.3, modules/systemd_service.py.
"""

import os
from collections.abc import Iterator
from typing import Any  # values of properties are text, lists or maps

from txsalt.modules._tool import operand

UNIT_TYPES = (
    "service",
    "socket",
    "device",
    "mount",
    "automount",
    "swap",
    "target",
    "path",
    "timer",
)
UNIT_FOLDERS = ("/lib/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system")
_LISTS = ("Before", "After", "Wants")


def unit_name(name: object) -> str:
    """Give the whole name of a unit, fit for a tool; one without a type is a service."""
    text = operand(name)
    return text if text.rpartition(".")[2] in UNIT_TYPES and "." in text else f"{text}.service"


def short_name(unit: str) -> str | None:
    """Give a unit as users name it: services without their type; None if it is no unit."""
    stem, dot, kind = unit.rpartition(".")
    if not dot or kind not in UNIT_TYPES:
        return None
    return stem if kind == "service" else unit


def states(text: str) -> Iterator[tuple[str, str]]:
    """Read ``list-unit-files``: user's name of each unit and its state."""
    for words in map(str.split, text.splitlines()):
        name = short_name(words[0]) if len(words) > 1 else None
        if name is not None:
            yield name, words[1]


def running(text: str) -> list[str]:
    """Read ``list-units``: user's names of the units that run, sorted."""
    rows = (line.replace("●", " ").split() for line in text.splitlines())
    names = (short_name(words[0]) for words in rows if len(words) > 3 and words[3] == "running")
    return sorted({name for name in names if name is not None})


def properties(text: str) -> dict[str, Any]:
    """Read ``show``; commands become maps, and the units before, after and wanted lists."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if value.startswith("{"):
            found[name] = _fields(value)
        else:
            found[name] = value.split() if name in _LISTS else value
    return found


def unit_files(root: str | None) -> set[str]:
    """Give the user's names of all units that have files."""
    found = set()
    for folder in UNIT_FOLDERS:
        path = below(folder, root)
        if os.access(path, os.R_OK) and not os.path.islink(path):
            found |= {short_name(each) for each in os.listdir(path)}
    return {each for each in found if each}


def scripts(root: str | None, units: set[str]) -> list[str]:
    """Give the scripts in /etc/init.d that no unit of their name replaces."""
    folder = below("/etc/init.d", root)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [
        name
        for name in names
        if name not in units and os.access(os.path.join(folder, name), os.X_OK)
    ]


def below(path: str, root: str | None) -> str:
    """Give a path below another root."""
    return os.path.join(root, path.lstrip("/")) if root else path


def without_scope(text: str) -> str:
    """Drop the line in which systemd-run names its scope."""
    return "\n".join(line for line in text.splitlines() if not line.endswith(".scope")).strip()


def _fields(value: str) -> dict[str, str]:
    parts = (each.partition("=") for each in value.strip("{} ").split(" ; "))
    return {name.strip(): text.strip() for name, _, text in parts if name.strip()}
