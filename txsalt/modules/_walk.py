"""
Reach into nested data by a path such as ``ip4_interfaces:eth0:0``.

Source: Salt 3008.3, utils/data.py traverse_dict_and_list.
"""

from collections.abc import Mapping
from typing import Any  # grains and pillar hold values of any type

MISSING: Any = object()


def walk(data: Any, path: Any, default: Any = MISSING, delimiter: str = ":") -> Any:
    """
    Give the value at a path, or ``default``.

    A step is a key of a map or an index of a list. In a list whose entries are maps, a step that
    is no index goes on in the first entry that has it as a key.
    """
    if not isinstance(path, str):
        return data.get(path, default) if isinstance(data, Mapping) else default
    if isinstance(data, Mapping) and path in data:
        return data[path]  # a key may contain the delimiter
    for step in path.split(delimiter):
        data = _step(data, step)
        if data is MISSING:
            return default
    return data


def _step(data: Any, step: str) -> Any:
    if isinstance(data, Mapping):
        if step in data:
            return data[step]
        number = _number(step)
        return data.get(number, MISSING) if number is not None else MISSING
    if isinstance(data, list | tuple):
        number = _number(step)
        if number is not None:
            return data[number] if -len(data) <= number < len(data) else MISSING
        entries = (each for each in data if isinstance(each, Mapping) and step in each)
        return next((each[step] for each in entries), MISSING)
    return MISSING


def _number(step: str) -> int | None:
    try:
        return int(step)
    except ValueError:
        return None
