"""
Read the pillar: what the master told this minion.

get, item, keys and raw read the pillar that the minion holds (saltutil.refresh_pillar fetches it
anew); items, ls and obfuscate ask the master, as do the others where they name an environment.
With ``unmask=False``, or where the option pillar_mask_output is on and ``unmask`` is not given,
get, item, items, data and ext return stars for values, but to templates; raw does only if it is
told to.

Source: Salt 3008.3, modules/pillar.py.
"""

import copy
import os
from collections.abc import Mapping
from typing import Any  # pillar holds values of any type

from attrs import frozen

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._filter_by import filter_by as choose
from txsalt.modules._mask import shown
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
    asked = _Asked(pillarenv, saltenv)
    lists = merge_nested_lists
    if lists is None:
        lists = bool(__opts__.get("pillar_merge_lists"))
    found = _found(asked, key, delimiter, default, lists if merge else None)
    return shown(found, unmask, __opts__)


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
    return get(key, default, merge, merge_nested_lists, delimiter, pillarenv, saltenv, unmask)


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
    found = _Asked(pillarenv, saltenv, pillar, pillar_enc).items(args)
    return _shown_map(found, unmask)


def data(
    *args: str,
    pillar: Any = None,
    pillar_enc: Any = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> dict[str, Any]:
    """Return the same as pillar.items, under its older name."""
    return items(*args, pillar=pillar, pillar_enc=pillar_enc, pillarenv=pillarenv,
                 saltenv=saltenv, unmask=unmask)  # fmt: skip


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
    found = _Asked(pillarenv, saltenv).values(args, missing, delimiter or ":")
    return _shown_map(found, unmask)


def ls(
    *args: str,
    pillar: Any = None,
    pillar_enc: Any = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> list[str]:
    """List the top level keys of the pillar; the arguments are those of pillar.items."""
    return list(_Asked(pillarenv, saltenv, pillar, pillar_enc).items(args))


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
    found = __pillar__.get(key, {}) if key else dict(__pillar__)
    return shown(found, unmask is not False, __opts__)


def obfuscate(
    *args: str,
    pillar: Any = None,
    pillar_enc: Any = None,
    pillarenv: str | None = None,
    saltenv: str | None = None,
    unmask: bool | None = None,
) -> dict[str, Any]:
    """Return the pillar with each value replaced by its type; arguments as of pillar.items."""
    return _hidden(_Asked(pillarenv, saltenv, pillar, pillar_enc).items(args))


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


def ext(external: Any, pillar: Any = None, unmask: bool | None = None) -> dict[str, Any]:
    """
    Return the pillar that a stock master compiles with an external pillar, without keeping it.

    Masters of txsalt have no external pillars and leave it out.

    CLI Example: txsalt-cli '*' pillar.ext '{libvirt: _}'
    """
    if isinstance(external, str):
        from txsalt.renderers import yaml  # rarely needed, and slow to import

        external = yaml.load(external, "the external pillar")
    return _shown_map(_compiled(None, pillar, {"ext": external}), unmask)


def file_exists(path: str, saltenv: str | None = None) -> bool:
    """
    Tell whether a file is below this machine's own pillar_roots: for calls without a master.

    CLI Example: txsalt-cli call --local pillar.file_exists foo/bar.sls
    """
    roots = __opts__.get("pillar_roots")
    if not roots:
        raise CommandExecutionError("this minion has no pillar_roots; ask on the master")
    chosen = roots.values() if not saltenv else [roots.get(saltenv) or []]
    return any(os.path.exists(os.path.join(root, path)) for each in chosen for root in each)


@frozen
class _Asked:
    """Which pillar a call is about: ``override`` is laid over it by the master."""

    pillarenv: str | None
    saltenv: str | None
    override: Any = None
    encrypted: Any = None

    @property
    def environment(self) -> str | None:
        """The environment that is meant; None: all."""
        if self.pillarenv is not None:
            return self.pillarenv
        if __opts__.get("pillarenv_from_saltenv"):
            return self.saltenv or __opts__.get("saltenv")
        return __opts__.get("pillarenv")

    def held(self) -> Mapping[str, Any]:
        """Give the pillar that the minion holds, if it is of that environment."""
        same = self.environment == __opts__.get("pillarenv")
        return __pillar__ if same else _compiled(self.environment, None)

    def items(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Give the named values of the held pillar, or all of the one that is compiled now."""
        if names:
            return self.values(names)
        if self.encrypted:
            raise SaltInvocationError("an encrypted pillar given with the call is not supported")
        return _compiled(self.environment, self.override)

    def values(
        self, names: tuple[str, ...], missing: Any = "", delimiter: str = ":"
    ) -> dict[str, Any]:
        """Give the named values of the held pillar."""
        held = self.held()
        return {name: walk(held, name, missing, delimiter) for name in names}


def _found(asked: "_Asked", key: str, delimiter: str, default: Any, lists: bool | None) -> Any:
    """Give a value, or the default; ``lists`` says how they are joined, None: not at all."""
    found = walk(asked.held(), key, MISSING, delimiter)
    if found is MISSING:
        if default != _NOT_SET:
            return default
        if __opts__.get("pillar_raise_on_missing"):
            raise KeyError(f"Pillar key not found: {key}")
        return ""
    if lists is not None and default != _NOT_SET:
        if isinstance(default, list) and isinstance(found, list):
            return _joined(default, found)
        return _merged(copy.deepcopy(default), found, lists)
    return found


def _compiled(
    pillarenv: str | None, override: Any, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    load = {
        "cmd": "_pillar",
        "grains": dict(__grains__),
        "saltenv": __opts__.get("saltenv"),
        "pillarenv": pillarenv,
        "pillar_override": override or {},
        "extra_minion_data": {},
        "ver": "2",
        **(more or {}),
    }
    found = __daemon__.call("request", {"load": load})
    if not isinstance(found, dict):
        raise CommandExecutionError("the master sent something that is no pillar")
    return found


def _shown_map(found: dict[str, Any], unmask: bool | None) -> dict[str, Any]:
    shown_map: dict[str, Any] = shown(found, unmask, __opts__)
    return shown_map


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
