"""
Look into nested data as formulas do: by a path such as ``ip4_interfaces:eth0:0``, by a value.

Source: Salt 3008.3, utils/data.py traverse_dict_and_list, filter_by.
"""

import copy
import fnmatch
from collections.abc import Mapping
from typing import Any  # grains, pillar and maps of formulas hold values of any type

from txsalt.errors import LocalError

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


def filter_by(lookup: Mapping[Any, Any], found: Any, merge: Any, default: Any, base: Any) -> Any:
    """
    Return the entry of ``lookup`` whose key, a pattern, matches ``found`` or one of its entries.

    Without a match it is the entry ``default``, or None. It is laid over the entry ``base``, and
    ``merge`` over both. Raises LocalError where maps are needed and others given.
    """
    chosen = _matching(lookup, found if isinstance(found, list) else [found])
    if chosen is None:
        chosen = lookup.get(default)
    below = lookup.get(base) if base else None
    if chosen is None:
        chosen = copy.deepcopy(below)
    elif isinstance(below, Mapping):
        if not isinstance(chosen, Mapping):
            raise LocalError("filter_by default and look-up values must both be dictionaries.")
        chosen = laid_over(below, chosen)
    if not merge:
        return chosen
    if not isinstance(merge, Mapping):
        raise LocalError("filter_by merge argument must be a dictionary.")
    return dict(merge) if chosen is None else laid_over(chosen, merge)


def laid_over(below: Mapping[Any, Any], above: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a new map: ``above`` wins, maps in both are joined."""
    result = copy.deepcopy(dict(below))
    for name, value in above.items():
        old = result.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[name] = laid_over(old, value)
        else:
            result[name] = copy.deepcopy(value)
    return result


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


def _matching(lookup: Mapping[Any, Any], values: list[Any]) -> Any:
    for value in values:
        for key, entry in lookup.items():
            if fnmatch.fnmatchcase(str(value), str(key)):
                if entry is not None:
                    return copy.deepcopy(entry)
                break  # a key without a value: the next of the values may match
    return None
