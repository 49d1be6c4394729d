"""
Read the pillar: what the master told this minion.

The functions read the pillar that the minion holds; saltutil.refresh_pillar fetches it anew.
"""

import copy
from collections.abc import Mapping
from typing import Any  # pillar holds values of any type

from txsalt.jobs.errors import SaltInvocationError
from txsalt.modules._walk import MISSING, walk

_NOT_SET = "<NOT_SET>"


def get(
    key: str,
    default: Any = _NOT_SET,
    merge: bool = False,
    merge_nested_lists: bool | None = None,
    delimiter: str = ":",
    pillarenv: str | None = None,
    saltenv: str | None = None,
) -> Any:
    """
    Return a pillar value by its path, or the default.

    With merge, a map or list in the pillar is laid over a default of the same kind. If the option
    pillar_raise_on_missing is on, a value that is missing without a default is an error.

    CLI Example: txsalt-cli '*' pillar.get pkg:apache
    """
    _one_environment(pillarenv, saltenv)
    found = walk(__pillar__, key, MISSING, delimiter)
    if found is MISSING:
        if default != _NOT_SET:
            return default
        if __opts__.get("pillar_raise_on_missing"):
            raise KeyError(f"Pillar key not found: {key}")
        return ""
    if merge and default != _NOT_SET:
        lists = merge_nested_lists
        if lists is None:
            lists = bool(__opts__.get("pillar_merge_lists"))
        return _merged(copy.deepcopy(default), found, lists)
    return found


def items(
    *args: str,
    pillar: Any = None,
    pillar_enc: Any = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
) -> dict[str, Any]:
    """
    Return the whole pillar, or the named values.

    CLI Example: txsalt-cli '*' pillar.items
    """
    _one_environment(pillarenv, saltenv)
    if pillar or pillar_enc:
        raise SaltInvocationError("a pillar given with the call is not supported")
    return item(*args) if args else dict(__pillar__)


def data(*args: str, pillarenv: str | None = None, saltenv: str | None = None) -> dict[str, Any]:
    """Return the same as pillar.items, under its older name."""
    return items(*args, pillarenv=pillarenv, saltenv=saltenv)


def item(
    *args: str,
    default: Any = None,
    delimiter: str | None = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
) -> dict[str, Any]:
    """Return the named values; those that do not exist have the default, an empty text."""
    _one_environment(pillarenv, saltenv)
    missing = "" if default is None else default
    return {name: walk(__pillar__, name, missing, delimiter or ":") for name in args}


def ls(*args: str, pillarenv: str | None = None, saltenv: str | None = None) -> list[str]:
    """List the top level keys of the pillar."""
    return list(items(*args, pillarenv=pillarenv, saltenv=saltenv))


def keys(key: str, delimiter: str = ":") -> list[str]:
    """List the keys of the map at a path. Raises KeyError or ValueError where there is no map."""
    found = walk(__pillar__, key, MISSING, delimiter)
    if found is MISSING:
        raise KeyError(f"Pillar key not found: {key}")
    if not isinstance(found, Mapping):
        raise ValueError(f"Pillar value in key {key} is not a dict")
    return list(found)


def raw(key: str | None = None) -> Any:
    """Return the pillar that the minion holds, or one of its top level values."""
    return __pillar__.get(key, {}) if key else dict(__pillar__)


def obfuscate(*args: str) -> dict[str, Any]:
    """Return the pillar with each value replaced by its type."""
    return _hidden(items(*args))


def _one_environment(pillarenv: str | None, saltenv: str | None) -> None:
    if pillarenv not in (None, __opts__.get("pillarenv")) or saltenv not in (
        None,
        __opts__.get("saltenv"),
    ):
        raise SaltInvocationError("the pillar of another environment is not at hand")


def _merged(below: Any, above: Any, lists: bool) -> Any:
    if isinstance(below, dict) and isinstance(above, Mapping):
        for name, value in above.items():
            below[name] = _merged(below[name], value, lists) if name in below else value
        return below
    if isinstance(below, list) and isinstance(above, list) and lists:
        return below + [each for each in above if each not in below]
    return above


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(each) for each in value]
    return f"<{type(value).__name__}>"
