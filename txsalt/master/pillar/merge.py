"""
Join maps of pillar: maps key by key, everything else by the later one.
"""

from collections.abc import Mapping
from typing import Any  # pillar holds any value that YAML knows


def merged(old: Any, new: Any, *, join_lists: bool) -> Any:
    """Return ``new`` over ``old``; neither is changed, but parts of them are shared."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        result = dict(old)
        for key, value in new.items():
            result[key] = merged(old[key], value, join_lists=join_lists) if key in old else value
        return result
    if join_lists and isinstance(old, list) and isinstance(new, list):
        return old + [item for item in new if item not in old]
    return new


def overwritten(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return ``new`` over ``old`` at the top level only."""
    return {**old, **new}
