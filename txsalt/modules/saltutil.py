"""
Care for the minion itself: refresh what it knows, ask for its running jobs.

The functions about jobs (find_job, running, is_running, signal_job, term_job, kill_job and their
like) are answered by the minion daemon itself, at once and without a job. They stand here for
their documentation and refuse to run inside a job.
"""

import os
from pathlib import Path
from typing import Any  # stock tools pass keywords of any type

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError

# What sync_all of the stock minion reports on, in its order.
_KINDS = [
    "clouds",
    "beacons",
    "modules",
    "states",
    "sdb",
    "grains",
    "renderers",
    "returners",
    "output",
    "utils",
    "log_handlers",
    "executors",
    "proxymodules",
    "engines",
    "thorium",
    "serializers",
    "matchers",
    "resources",
]


def refresh_modules(**kwargs: Any) -> bool:
    """
    Read all execution modules anew for the jobs that follow.

    CLI Example: txsalt-cli '*' saltutil.refresh_modules
    """
    __daemon__.call("refresh", {"what": "modules"})
    return True


def refresh_pillar(wait: bool = False, timeout: int = 30, clean_cache: bool = True) -> bool:
    """
    Fetch the pillar anew from the master.

    CLI Example: txsalt-cli '*' saltutil.refresh_pillar
    """
    __daemon__.call("refresh", {"what": "pillar"})
    return True


def refresh_grains(**kwargs: Any) -> bool:
    """
    Collect the grains anew; unless refresh_pillar is False, fetch the pillar that follows them.

    CLI Example: txsalt-cli '*' saltutil.refresh_grains
    """
    given = {key: value for key, value in kwargs.items() if not key.startswith("__")}
    pillar = given.pop("refresh_pillar", True)
    given.pop("clean_pillar_cache", None)
    if given:
        raise SaltInvocationError(f"unknown arguments: {', '.join(sorted(given))}")
    __daemon__.call("refresh", {"what": "grains"})
    if pillar:
        __daemon__.call("refresh", {"what": "pillar"})
    return True


def sync_all(
    saltenv: Any = None,
    refresh: bool = True,
    extmod_whitelist: Any = None,
    extmod_blacklist: Any = None,
    clean_pillar_cache: bool = False,
) -> dict[str, list[str]]:
    """
    Fetch custom modules of every kind from the master; list what changed, by kind.

    CLI Example: txsalt-cli '*' saltutil.sync_all
    """
    changed: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    if refresh:
        __daemon__.call("refresh", {"what": "modules"})
        __daemon__.call("refresh", {"what": "pillar"})
    return changed


def sync_modules(
    saltenv: Any = None,
    refresh: bool = True,
    extmod_whitelist: Any = None,
    extmod_blacklist: Any = None,
) -> list[str]:
    """Fetch custom execution modules from the master; list those that changed."""
    return _sync("modules", refresh)


def sync_grains(
    saltenv: Any = None,
    refresh: bool = True,
    extmod_whitelist: Any = None,
    extmod_blacklist: Any = None,
    clean_pillar_cache: bool = False,
) -> list[str]:
    """Fetch custom grains modules from the master; list those that changed."""
    return _sync("grains", refresh)


def sync_states(
    saltenv: Any = None,
    refresh: bool = True,
    extmod_whitelist: Any = None,
    extmod_blacklist: Any = None,
) -> list[str]:
    """Fetch custom state modules from the master; list those that changed."""
    return _sync("modules", refresh)


def sync_utils(
    saltenv: Any = None,
    refresh: bool = True,
    extmod_whitelist: Any = None,
    extmod_blacklist: Any = None,
) -> list[str]:
    """Fetch custom utility modules from the master; list those that changed."""
    return _sync("modules", refresh)


def revoke_auth(preserve_minion_cache: bool = False) -> bool:
    """Ask the master to delete this minion's key."""
    load = {
        "cmd": "revoke_auth",
        "id": __opts__["id"],
        "preserve_minion_cache": preserve_minion_cache,
    }
    return bool(__daemon__.call("request", {"load": load}))


def clear_cache() -> bool:
    """Delete the files in the minion's cache folder; False if one cannot be deleted."""
    for folder, _, files in os.walk(__opts__["cachedir"]):
        for name in files:
            try:
                Path(folder, name).unlink(missing_ok=True)
            except OSError:
                return False
    return True


def find_job(jid: str) -> dict[str, Any]:
    """
    Return what is known of a running job, or an empty map.

    CLI Example: txsalt-cli '*' saltutil.find_job JID
    """
    return _of_the_daemon("find_job")


def running() -> list[dict[str, Any]]:
    """List the running jobs with jid, fun, arg and pid."""
    return _of_the_daemon("running")


def is_running(fun: str) -> list[dict[str, Any]]:
    """List the running jobs of a function, which may be a pattern."""
    return _of_the_daemon("is_running")


def signal_job(jid: str, sig: int) -> str:
    """Send a signal to a job and all it started."""
    return _of_the_daemon("signal_job")


def term_job(jid: str) -> str:
    """Ask a job and all it started to end (signal 15)."""
    return _of_the_daemon("term_job")


def kill_job(jid: str) -> str:
    """End a job and all it started (signal 9)."""
    return _of_the_daemon("kill_job")


def term_all_jobs() -> list[str]:
    """Ask all running jobs to end (signal 15)."""
    return _of_the_daemon("term_all_jobs")


def kill_all_jobs() -> list[str]:
    """End all running jobs (signal 9)."""
    return _of_the_daemon("kill_all_jobs")


def _sync(kind: str, refresh: bool) -> list[str]:
    if refresh:
        __daemon__.call("refresh", {"what": kind})
    return []


def _of_the_daemon(name: str) -> Any:
    raise CommandExecutionError(f"saltutil.{name} is answered by the minion daemon, not in a job")
