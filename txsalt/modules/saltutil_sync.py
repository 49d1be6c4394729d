"""
Fetch custom modules of all kinds from the master.

Every function but sync_all and list_extmods returns the list of what is new or changed, such as
["modules.foo"]. ``saltenv`` is one environment or several, separated by commas; without it those
count in which the top files have states for this minion, and base if there are none.
``extmod_whitelist`` and ``extmod_blacklist`` are lists of names, separated by commas, or maps from
kind to such lists.

Source: Salt 3008.3, modules/saltutil.py.
"""
# The signatures are those of Salt, packed, since users call these with arguments by position.
# fmt: off

import os
from pathlib import Path
from typing import Any  # users pass whatever they typed

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._extmods import GRAINS_CACHE, Choice, sync

__virtualname__ = "saltutil"

# What sync_all reports on, in Salt's order.
_KINDS = (
    "clouds", "beacons", "modules", "states", "sdb", "grains", "renderers", "returners", "output",
    "utils", "log_handlers", "executors", "proxymodules", "engines", "thorium", "serializers",
    "matchers", "resources",
)
_TOP = "saltutil.top_environments"


def sync_modules(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                 extmod_blacklist: Any = None) -> list[str]:
    """
    Sync execution modules from salt://_modules.

    CLI Example: txsalt-cli '*' saltutil.sync_modules saltenv=base,dev
    """
    return _sync("modules", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_grains(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                extmod_blacklist: Any = None, clean_pillar_cache: bool = False) -> list[str]:
    """Sync grains modules from salt://_grains; then collect grains and fetch the pillar anew."""
    changed = _sync("grains", saltenv, False, extmod_whitelist, extmod_blacklist)
    if refresh:
        for what in ("grains", "pillar"):
            __daemon__.call("refresh", {"what": what})
    return changed


def sync_states(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                extmod_blacklist: Any = None) -> list[str]:
    """Sync state modules from salt://_states."""
    return _sync("states", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_renderers(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                   extmod_blacklist: Any = None) -> list[str]:
    """Sync renderers from salt://_renderers."""
    return _sync("renderers", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_returners(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                   extmod_blacklist: Any = None) -> list[str]:
    """Sync returners from salt://_returners."""
    return _sync("returners", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_output(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                extmod_blacklist: Any = None) -> list[str]:
    """Sync outputters from salt://_output."""
    return _sync("output", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_outputters(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                    extmod_blacklist: Any = None) -> list[str]:
    """Do the same as sync_output."""
    return sync_output(saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_utils(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
               extmod_blacklist: Any = None) -> list[str]:
    """Sync utility modules from salt://_utils."""
    return _sync("utils", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_beacons(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                 extmod_blacklist: Any = None) -> list[str]:
    """Sync beacons from salt://_beacons."""
    return _sync("beacons", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_clouds(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                extmod_blacklist: Any = None) -> list[str]:
    """Sync cloud modules from salt://_clouds."""
    return _sync("clouds", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_engines(saltenv: Any = None, refresh: bool = False, extmod_whitelist: Any = None,
                 extmod_blacklist: Any = None) -> list[str]:
    """Sync engines from salt://_engines."""
    return _sync("engines", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_executors(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                   extmod_blacklist: Any = None) -> list[str]:
    """Sync executors from salt://_executors."""
    return _sync("executors", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_log_handlers(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                      extmod_blacklist: Any = None) -> list[str]:
    """Sync log handlers from salt://_log_handlers."""
    return _sync("log_handlers", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_matchers(saltenv: Any = None, refresh: bool = False, extmod_whitelist: Any = None,
                  extmod_blacklist: Any = None) -> list[str]:
    """Sync matchers from salt://_matchers."""
    return _sync("matchers", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_proxymodules(saltenv: Any = None, refresh: bool = False, extmod_whitelist: Any = None,
                      extmod_blacklist: Any = None) -> list[str]:
    """Sync proxy modules from salt://_proxymodules."""
    return _sync("proxymodules", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_resources(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                   extmod_blacklist: Any = None) -> list[str]:
    """Sync resource modules from salt://_resources."""
    return _sync("resources", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_sdb(saltenv: Any = None, extmod_whitelist: Any = None,
             extmod_blacklist: Any = None) -> list[str]:
    """Sync sdb modules from salt://_sdb."""
    return _sync("sdb", saltenv, False, extmod_whitelist, extmod_blacklist)


def sync_serializers(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                     extmod_blacklist: Any = None) -> list[str]:
    """Sync serializers from salt://_serializers."""
    return _sync("serializers", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_thorium(saltenv: Any = None, refresh: bool = False, extmod_whitelist: Any = None,
                 extmod_blacklist: Any = None) -> list[str]:
    """Sync thorium modules from salt://_thorium."""
    return _sync("thorium", saltenv, refresh, extmod_whitelist, extmod_blacklist)


def sync_pillar(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                extmod_blacklist: Any = None, clean_pillar_cache: bool = False) -> list[str]:
    """Sync pillar modules from salt://_pillar, on a minion without a master."""
    changed = _sync_local("pillar", saltenv, extmod_whitelist, extmod_blacklist)
    if refresh:
        __daemon__.call("refresh", {"what": "pillar"})
    return changed


def sync_tops(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
              extmod_blacklist: Any = None) -> list[str]:
    """Sync master tops from salt://_tops, on a minion without a master."""
    return _sync_local("tops", saltenv, extmod_whitelist, extmod_blacklist)


def sync_wrapper(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
                 extmod_blacklist: Any = None) -> list[str]:
    """Sync wrappers of salt-ssh from salt://_wrapper, on a minion without a master."""
    return _sync_local("wrapper", saltenv, extmod_whitelist, extmod_blacklist)


def sync_all(saltenv: Any = None, refresh: bool = True, extmod_whitelist: Any = None,
             extmod_blacklist: Any = None,
             clean_pillar_cache: bool = False) -> dict[str, list[str]]:
    """
    Sync modules of every kind; return what changed, by kind.

    CLI Example: txsalt-cli '*' saltutil.sync_all
    """
    changed = {
        kind: _sync(kind, saltenv, False, extmod_whitelist, extmod_blacklist) for kind in _KINDS
    }
    if refresh:
        for what in ("modules", "pillar"):
            __daemon__.call("refresh", {"what": what})
    return changed


def list_extmods() -> dict[str, list[str]]:
    """
    List the modules that were synced, by kind.

    CLI Example: txsalt-cli '*' saltutil.list_extmods
    """
    folder = __opts__["extension_modules"]
    kinds = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return {kind: _names_in(os.path.join(folder, kind)) for kind in kinds}


def _names_in(folder: str) -> list[str]:
    found = {
        name.split(".")[0]
        for place, _, names in os.walk(folder) if not place.endswith("__pycache__")
        for name in names
    }
    return sorted(found)


def _sync_local(kind: str, saltenv: Any, only: Any, never: Any) -> list[str]:
    if __opts__.get("file_client") != "local":
        raise CommandExecutionError(f"{kind}: only minions without a master sync these")
    return _sync(kind, saltenv, False, only, never)


def _top_environments() -> list[str]:
    """Read the top files, once in a job."""
    if _TOP not in __context__:
        # Here, as most functions of this module need none of it.
        from txsalt.modules._top_file import TopFiles
        from txsalt.targeting.facts import Facts

        settings = __daemon__.call("request", {"load": {"cmd": "_master_opts"}})
        __context__[_TOP] = TopFiles(
            functions=__salt__,
            settings=settings if isinstance(settings, dict) else {},
            saltenv=__opts__.get("saltenv"),
            facts=Facts(__opts__["id"], __grains__, __pillar__),
        ).environments()
    return __context__[_TOP]


def _sync(kind: str, saltenv: Any, refresh: bool, only: Any, never: Any) -> list[str]:
    given = _top_environments() if saltenv is None else saltenv
    environments = given.split(",") if isinstance(given, str) else list(given)
    if kind == "grains":
        Path(__opts__["cachedir"], GRAINS_CACHE).unlink(missing_ok=True)
    changed = sync(kind, environments, Choice(only=only, never=never), __salt__, __opts__)
    if refresh:
        __daemon__.call("refresh", {"what": "modules"})
    return changed
