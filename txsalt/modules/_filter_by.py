"""
Choose from a map by a grain or a pillar value, as formulas do.

Source: Salt 3008.3, utils/data.py filter_by.
"""

import copy
import fnmatch
from collections.abc import Mapping
from typing import Any  # maps of formulas hold values of any type

from txsalt.jobs.errors import SaltInvocationError


def filter_by(lookup: Mapping[Any, Any], found: Any, merge: Any, default: Any, base: Any) -> Any:
    """
    Return the entry of ``lookup`` whose key, a pattern, matches ``found`` or one of its entries.

    Without a match it is the entry ``default``, or None. It is laid over the entry ``base``, and
    ``merge`` over both. Raises SaltInvocationError where maps are needed and others given.
    """
    chosen = _matching(lookup, found if isinstance(found, list) else [found])
    if chosen is None:
        chosen = lookup.get(default)
    below = lookup.get(base) if base else None
    if chosen is None:
        chosen = copy.deepcopy(below)
    elif isinstance(below, Mapping):
        if not isinstance(chosen, Mapping):
            raise SaltInvocationError(
                "filter_by default and look-up values must both be dictionaries."
            )
        chosen = laid_over(below, chosen)
    if not merge:
        return chosen
    if not isinstance(merge, Mapping):
        raise SaltInvocationError("filter_by merge argument must be a dictionary.")
    return dict(merge) if chosen is None else laid_over(chosen, merge)


def laid_over(below: Mapping[Any, Any], above: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a new map: ``above`` wins, maps in both are joined."""
    result = copy.deepcopy(dict(below))
    for name, value in above.items():
        old = result.get(name)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[name] = laid_over(old, value) if both else copy.deepcopy(value)
    return result


def _matching(lookup: Mapping[Any, Any], values: list[Any]) -> Any:
    for value in values:
        for key, entry in lookup.items():
            if fnmatch.fnmatchcase(str(value), str(key)):
                if entry is not None:
                    return copy.deepcopy(entry)
                break  # a key without a value: the next of the values may match
    return None
