"""
Set grains of one's own: in the file ``grains`` beside the minion's configuration.

They count at once for this job, and for the minion after the refresh that each function asks for.

Source: Salt 3008.3, modules/grains.py.
"""

import copy
import os
from typing import Any  # grains hold values of any type

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import write_whole
from txsalt.modules._filter_by import filter_by as choose
from txsalt.renderers import yaml
from txsalt.renderers.errors import RenderError
from txsalt.renderers.lookup import MISSING, walk

__virtualname__ = "grains"
__func_alias__ = {"set_": "set"}

_FORCE = "Use 'force=True' to overwrite."


def setvals(grains: Any, destructive: bool = False, refresh_pillar: bool = True) -> dict[str, Any]:
    """
    Set several grains; with destructive, a grain whose new value is None is removed.

    CLI Example: txsalt-cli '*' grains.setvals '{"key1": "val1", "key2": "val2"}'
    """
    if not isinstance(grains, dict):
        raise CommandExecutionError("setvals grains must be a dictionary.")
    kept = _read()
    for name, value in grains.items():
        if value is None and destructive:
            kept.pop(name, None)
            __grains__.pop(name, None)
        else:
            kept[name] = __grains__[name] = value
    try:
        write_whole(_path(), yaml.dump(kept).encode())
    except OSError as exc:
        raise CommandExecutionError(f"cannot write {_path()}: {exc.strerror}") from exc
    __salt__["saltutil.refresh_grains"](refresh_pillar=refresh_pillar)
    return dict(grains)


def setval(
    key: str, val: Any, destructive: bool = False, refresh_pillar: bool = True
) -> dict[str, Any]:
    """
    Set one grain.

    CLI Example: txsalt-cli '*' grains.setval key "{'sub-key': 'val', 'sub-key2': 'val2'}"
    """
    return setvals({key: val}, destructive, refresh_pillar=refresh_pillar)


def set_(
    key: str, val: Any = "", force: bool = False, destructive: bool = False, delimiter: str = ":"
) -> dict[str, Any]:
    """
    Set a grain by its path; lists and maps are only replaced with force.

    Returns {"result", "changes", "comment"}.

    CLI Example: txsalt-cli '*' grains.set 'apps:myApp:port' 2209
    """
    old = walk(__grains__, key, MISSING, delimiter)
    if old is not MISSING and old == val and not (val is None and destructive):
        return _outcome("Grain is already set")
    if not force:
        if isinstance(old, dict | list):
            return _outcome(f"The key '{key}' exists but is a dict or a list. {_FORCE}", False)
        if isinstance(val, dict | list) and old is not MISSING and old is not None:
            words = f"The key '{key}' exists and the given value is a dict or a list. {_FORCE}"
            return _outcome(words, False)
    while delimiter in key:
        key, last = key.rsplit(delimiter, 1)
        above = copy.deepcopy(walk(__grains__, key, {}, delimiter))
        changed = _with(above, last, val, remove=destructive, force=force)
        if changed is MISSING:
            words = (
                f"The key '{key}' value is '{above}', which is different from the provided key "
                f"'{last}'. {_FORCE}"
            )
            return _outcome(words, False)
        val = changed
    changes = setval(key, val, destructive=destructive)
    return {"comment": "", "changes": changes, "result": True}


def append(key: str, val: Any, convert: bool = False, delimiter: str = ":") -> Any:
    """
    Add to a list, which is made if there is none; with convert, another value becomes a list.

    CLI Example: txsalt-cli '*' grains.append key val
    """
    values = copy.deepcopy(walk(__grains__, key, [], delimiter))
    if convert and not isinstance(values, list):
        values = [] if values is None else [values]
    if not isinstance(values, list):
        return f"The key {key} is not a valid list"
    if val in values:
        return f"The val {val} was already in the list {key}"
    values += val if isinstance(val, list) else [val]
    return _set_path(key, values, delimiter)


def remove(key: str, val: Any, delimiter: str = ":") -> Any:
    """
    Remove a value from a list.

    CLI Example: txsalt-cli '*' grains.remove key val
    """
    values = copy.deepcopy(walk(__grains__, key, [], delimiter))
    if not isinstance(values, list):
        return f"The key {key} is not a valid list"
    if val not in values:
        return f"The val {val} was not in the list {key}"
    values.remove(val)
    return _set_path(key, values, delimiter)


def delkey(key: str, force: bool = False) -> dict[str, Any]:
    """
    Remove a grain; one that is a list or a map only with force.

    CLI Example: txsalt-cli '*' grains.delkey key
    """
    return delval(key, destructive=True, force=force)


def delval(key: str, destructive: bool = False, force: bool = False) -> dict[str, Any]:
    """Set a grain to None; with destructive, remove it."""
    return set_(key, None, destructive=destructive, force=force)


def filter_by(
    lookup_dict: dict[Any, Any],
    grain: str = "os_family",
    merge: Any = None,
    default: Any = "default",
    base: Any = None,
) -> Any:
    """
    Return the entry of a map that fits a grain of this machine.

    CLI Example: txsalt-cli '*' grains.filter_by '{Debian: apache2, RedHat: httpd}'
    """
    return choose(lookup_dict, walk(__grains__, grain, []), merge, default, base)


def _set_path(key: str, value: Any, delimiter: str) -> dict[str, Any]:
    while delimiter in key:
        key, last = key.rsplit(delimiter, 1)
        above = copy.deepcopy(walk(__grains__, key, {}, delimiter))
        if isinstance(above, dict):
            above[last] = value
        value = above
    return setval(key, value)


def _with(above: Any, name: str, value: Any, *, remove: bool, force: bool) -> Any:
    """Return what is ``above`` with a value in it under a name; MISSING if it cannot hold one."""
    if isinstance(above, dict):
        if value is None and remove:
            above.pop(name, None)
        else:
            above[name] = value
        return above
    if isinstance(above, list):
        return _with_entry(above, name, value)
    return {name: value} if above == name or force else MISSING


def _with_entry(above: list[Any], name: str, value: Any) -> list[Any]:
    is_there = False
    for at, entry in enumerate(above):
        if entry == name:
            above[at], is_there = {name: value}, True
        elif isinstance(entry, dict) and name in entry:
            entry[name], is_there = value, True
    return above if is_there else [*above, {name: value}]


def _outcome(comment: str, result: bool = True) -> dict[str, Any]:
    return {"comment": comment, "changes": {}, "result": result}


def _path() -> str:
    return os.path.join(__opts__.get("config_dir") or "/etc/txsalt", "grains")


def _read() -> dict[str, Any]:
    try:
        with open(_path(), encoding="utf-8") as file:
            found = yaml.load(file.read(), _path())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, RenderError) as exc:
        raise CommandExecutionError(f"Unable to read existing grains file: {exc}") from exc
    if not isinstance(found, dict | None):
        raise CommandExecutionError(f"Unable to read existing grains file: {_path()} is no map")
    return found or {}
