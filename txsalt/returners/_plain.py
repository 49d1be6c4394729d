"""
Returns as JSON.
"""

import json
from collections.abc import Mapping
from typing import Any  # returns hold what functions give

_ABOUT_DELIVERY = ("ret_config", "ret_kwargs")  # may hold passwords


def as_json(value: Any) -> str:
    """Write a value as JSON on one line; what JSON does not know becomes text."""
    return json.dumps(value, default=_text, separators=(", ", ": "))


def shown(ret: Mapping[str, Any]) -> dict[str, Any]:
    """Give a return without what only says how to deliver it."""
    return {name: value for name, value in ret.items() if name not in _ABOUT_DELIVERY}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
