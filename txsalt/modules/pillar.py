"""
Read the pillar: what the master told this minion.

get, item, keys and raw read the pillar that the minion holds (saltutil.refresh_pillar fetches it
anew); items, ls and obfuscate ask the master, as do the others where they name an environment.
Values are never masked; ``unmask`` is there for callers who ask Salt 3008 not to mask them.

Source: Salt 3008.3, modules/pillar.py.
"""

import copy
from collections.abc import Mapping
from typing import Any  # pillar holds values of any type

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._filter_by import filter_by as choose
from txsalt.renderers.lookup import MISSING, walk

_NOT_SET = "<NOT_SET>"


def get(
    key: str,
    default: Any = _NOT_SET,
    merge: bool = False,
    merge_nested_lists: bool | None = None,
    delimiter: str = ":",
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> Any:
    """
    Return a pillar value by its path, or the default.

    With merge, a map or list in the pillar is laid over a default of the same kind. If the option
    pillar_raise_on_missing is on, a value that is missing without a default is an error.

    CLI Example: txsalt-cli '*' pillar.get pkg:apache
    """
    found = walk(_held(pillarenv, saltenv), key, MISSING, delimiter)
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
        if isinstance(default, list) and isinstance(found, list):
            return _joined(default, found)
        return _merged(copy.deepcopy(default), found, lists)
    return found


def fetch(
    key: str,
    default: Any = _NOT_SET,
    merge: bool = False,
    merge_nested_lists: bool | None = None,
    delimiter: str = ":",
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> Any:
    """Return the same as pillar.get, under the name that templates use."""
    return get(key, default, merge, merge_nested_lists, delimiter, pillarenv, saltenv)


def items(
    *args: str,
    pillar: Any = None,
    pillar_enc: Any = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> dict[str, Any]:
    """
    Return the whole pillar as the master compiles it now, or the named values of the held one.

    ``pillar`` is a map that the master lays over it.

    CLI Example: txsalt-cli '*' pillar.items
    """
    if args:
        return item(*args, pillarenv=pillarenv, saltenv=saltenv)
    if pillar_enc:
        raise SaltInvocationError("an encrypted pillar given with the call is not supported")
    return _compiled(_environment(pillarenv, saltenv), pillar)


def data(
    *args: str,
    pillar: Any = None,
    pillar_enc: Any = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> dict[str, Any]:
    """Return the same as pillar.items, under its older name."""
    return items(*args, pillar=pillar, pillar_enc=pillar_enc, pillarenv=pillarenv, saltenv=saltenv)


def item(
    *args: str,
    default: Any = None,
    delimiter: str | None = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> dict[str, Any]:
    """Return the named values; those that do not exist have the default, an empty text."""
    missing = "" if default is None else default
    held = _held(pillarenv, saltenv)
    return {name: walk(held, name, missing, delimiter or ":") for name in args}


def ls(
    *args: str,
    pillar: Any = None,
    pillar_enc: Any = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> list[str]:
    """List the top level keys of the pillar; the arguments are those of pillar.items."""
    return list(
        data(*args, pillar=pillar, pillar_enc=pillar_enc, pillarenv=pillarenv, saltenv=saltenv)
    )


def keys(key: str, delimiter: str = ":", unmask: bool | None = None) -> list[str]:
    """List the keys of the map at a path. Raises KeyError or ValueError where there is no map."""
    found = walk(__pillar__, key, MISSING, delimiter)
    if found is MISSING:
        raise KeyError(f"Pillar key not found: {key}")
    if not isinstance(found, Mapping):
        raise ValueError(f"Pillar value in key {key} is not a dict")
    return list(found)


def raw(key: str | None = None, unmask: bool | None = None) -> Any:
    """Return the pillar that the minion holds, or one of its top level values."""
    return __pillar__.get(key, {}) if key else dict(__pillar__)


def obfuscate(
    *args: str,
    pillar: Any = None,
    pillar_enc: Any = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> dict[str, Any]:
    """Return the pillar with each value replaced by its type; arguments as of pillar.items."""
    return _hidden(
        data(*args, pillar=pillar, pillar_enc=pillar_enc, pillarenv=pillarenv, saltenv=saltenv)
    )


def filter_by(
    lookup_dict: dict[Any, Any],
    pillar: str,
    merge: Any = None,
    default: Any = "default",
    base: Any = None,
) -> Any:
    """
    Return the entry of a map that fits a pillar value.

    CLI Example: txsalt-cli '*' pillar.filter_by '{web: Serve it up, db: I query}' role
    """
    return choose(lookup_dict, walk(__pillar__, pillar, []), merge, default, base)


def _environment(pillarenv: str | None, saltenv: str | None) -> str | None:
    if pillarenv is not None:
        return pillarenv
    if __opts__.get("pillarenv_from_saltenv"):
        return saltenv or __opts__.get("saltenv")
    return __opts__.get("pillarenv")


def _held(pillarenv: str | None, saltenv: str | None) -> Mapping[str, Any]:
    wanted = _environment(pillarenv, saltenv)
    same = wanted == __opts__.get("pillarenv")
    return __pillar__ if same else _compiled(wanted, None)


def _compiled(pillarenv: str | None, override: Any) -> dict[str, Any]:
    load = {
        "cmd": "_pillar",
        "grains": dict(__grains__),
        "saltenv": __opts__.get("saltenv"),
        "pillarenv": pillarenv,
        "pillar_override": override or {},
        "extra_minion_data": {},
        "ver": "2",
    }
    found = __daemon__.call("request", {"load": load})
    if not isinstance(found, dict):
        raise CommandExecutionError("the master sent something that is no pillar")
    return found


def _merged(below: Any, above: Any, lists: bool) -> Any:
    if isinstance(below, dict) and isinstance(above, Mapping):
        for name, value in above.items():
            below[name] = _merged(below[name], value, lists) if name in below else value
        return below
    if isinstance(below, list) and isinstance(above, list) and lists:
        return _joined(below, above)
    return above


def _joined(below: list[Any], above: list[Any]) -> list[Any]:
    return below + [each for each in above if each not in below]


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(each) for each in value]
    return f"<{type(value).__name__}>"
