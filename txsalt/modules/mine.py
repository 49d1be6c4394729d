"""
Share values with other minions through the master's mine.

Source: Salt 3008.3, modules/mine.py, utils/mine.py; PROTOCOL section 9.5.
"""

import logging
from typing import Any  # the mine holds whatever functions return

from attrs import field, frozen

log = logging.getLogger(__name__)


@frozen
class _Entry:
    """One function whose value is shared, and who may read it."""

    function: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(factory=dict)
    allow_tgt: Any = None
    allow_tgt_type: str | None = None


def update(clear: bool = False, mine_functions: Any = None) -> bool | None:
    """
    Run the functions of the option mine_functions and store their values on the master.

    ``clear`` is accepted and has no effect: values that are not sent anew stay.

    CLI Example: txsalt-cli '*' mine.update
    """
    wanted = mine_functions or __salt__["config.merge"]("mine_functions", {})
    if isinstance(wanted, list):
        wanted = {name: {} for name in wanted}
    if not wanted or not isinstance(wanted, dict):
        return None
    values = {}
    for alias, definition in wanted.items():
        entry = _entry(alias, definition)
        if entry.function not in __salt__:
            log.error("mine: %s is not available", entry.function)
            continue
        try:
            values[alias] = _value(entry)
        except Exception:
            # One broken function must not keep the others from the mine.
            log.exception("mine: %s failed", entry.function)
    return _store(values)


def send(name: str, *args: Any, **kwargs: Any) -> bool:
    """
    Run one function and store its value; False if it fails.

    ``mine_function`` is the function if ``name`` is an alias; ``allow_tgt`` and ``allow_tgt_type``
    say which minions may read the value.

    CLI Example: txsalt-cli '*' mine.send eth0_ip mine_function=grains.get ip4_interfaces:eth0
    """
    given = {key: value for key, value in kwargs.items() if not key.startswith("__")}
    entry = _Entry(
        given.pop("mine_function", None) or name,
        args,
        given,
        given.pop("allow_tgt", None),
        given.pop("allow_tgt_type", None),
    )
    try:
        value = _value(entry)
    except Exception:
        log.exception("mine: %s failed", entry.function)
        return False
    return _store({name: value})


def get(tgt: str, fun: Any, tgt_type: str = "glob", exclude_minion: bool = False) -> dict[str, Any]:
    """
    Return what other minions shared: a map by minion; with several functions, by function first.

    CLI Example: txsalt-cli '*' mine.get '*' network.interfaces
    """
    load = {"cmd": "_mine_get", "id": __opts__["id"], "tgt": tgt, "fun": fun, "tgt_type": tgt_type}
    found = _request(load) or {}
    if exclude_minion:
        found.pop(__opts__["id"], None)
    return found


def delete(fun: str) -> Any:
    """Remove one value of this minion from the mine."""
    return _request({"cmd": "_mine_delete", "id": __opts__["id"], "fun": fun})


def flush() -> Any:
    """Remove all values of this minion from the mine."""
    return _request({"cmd": "_mine_flush", "id": __opts__["id"]})


def valid() -> dict[str, Any] | None:
    """List the functions of the option mine_functions that this minion has."""
    wanted = __salt__["config.merge"]("mine_functions", {})
    if not wanted:
        return None
    found = {}
    for alias, definition in wanted.items():
        entry = _entry(alias, definition)
        if entry.function in __salt__:
            keywords = [{key: value} for key, value in entry.kwargs.items()]
            is_alias = entry.function != alias
            found[alias] = {entry.function: [*entry.args, *keywords]} if is_alias else definition
    return found


def _entry(alias: str, definition: Any) -> _Entry:
    """Read a definition: a list of arguments (maps are keywords), or a map of keywords."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for part in definition if isinstance(definition, list) else [definition]:
        if isinstance(part, dict):
            kwargs.update(part)
        elif part is not None:
            args.append(part)
    return _Entry(
        kwargs.pop("mine_function", alias),
        tuple(args),
        kwargs,
        kwargs.pop("allow_tgt", None),
        kwargs.pop("allow_tgt_type", None),
    )


def _value(entry: _Entry) -> Any:
    value = __salt__[entry.function](*entry.args, **entry.kwargs)
    if not entry.allow_tgt:
        return value
    return {
        "__data__": value,
        "__saltmine_acl__": 1,
        "allow_tgt": entry.allow_tgt,
        "allow_tgt_type": entry.allow_tgt_type or "glob",
    }


def _store(values: dict[str, Any]) -> bool:
    # Never "clear": True on the wire: stock masters raise on it and store nothing.
    _request({"cmd": "_mine", "id": __opts__["id"], "data": values, "clear": False})
    return True


def _request(load: dict[str, Any]) -> Any:
    return __daemon__.call("request", {"load": load})
