"""
The options of a returner, from wherever they may be set.

An option ``attribute`` of returner ``name`` is, first wins: in ``ret_kwargs`` of the job; with
``ret_config`` of the job, ``{ret_config}.returner.{name}.{attribute}``; ``returner.{name}.…``;
``{name}.…``. The dotted names are looked for in the minion's options, its grains, its pillar.

Source: Salt 3008.3, returners/__init__.py get_returner_options.
"""

from collections.abc import Callable, Mapping
from typing import Any  # options hold values of any type

from txsalt.jobs.errors import SaltInvocationError

REQUIRED = object()  # a default that is none

_MISSING = object()


def options_of(
    name: str,
    ret: Mapping[str, Any] | None,
    functions: Mapping[str, Callable[..., Any]],
    defaults: Mapping[str, Any],
) -> dict[str, Any]:
    """
    Give the value of each option that ``defaults`` names.

    ``functions`` is ``__salt__``. Raises SaltInvocationError for one that is REQUIRED and not set.
    """
    ret = ret or {}
    given = ret.get("ret_kwargs") or {}
    prefixes = [f"returner.{name}.", f"{name}."]
    if ret.get("ret_config"):
        prefixes = [f"{ret['ret_config']}.{each}" for each in prefixes] + prefixes
    found = {}
    for attribute, default in defaults.items():
        value = given.get(attribute, _MISSING)
        for prefix in prefixes if value is _MISSING else ():
            value = functions["config.option"](f"{prefix}{attribute}", _MISSING)
            if value is not _MISSING:
                break
        if value is _MISSING and default is REQUIRED:
            raise SaltInvocationError(f"the option returner.{name}.{attribute} is not set")
        found[attribute] = default if value is _MISSING else value
    return found
