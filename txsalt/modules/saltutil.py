"""
Care for the minion itself: refresh what it knows, ask for its running jobs.

The functions about jobs (find_job, running, is_running, signal_job, term_job, kill_job and their
like) are answered by the minion daemon itself, at once and without a job. Those here ask it, for
modules that call them and for ``txsalt-cli call``.
"""

import os
from pathlib import Path
from typing import Any  # stock tools pass keywords of any type

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._extmods import GRAINS_CACHE

# In the cache folder, but no cache: returns on their way to the master and to returners, what the
# schedule remembers, which publication was the last, and the running daemon's.
_KEPT = frozenset({"outbox", "deliveries", "schedule.json", "publication.serial", ".lock"})


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


def pillar_refresh(wait: bool = False, timeout: int = 30, clean_cache: bool = True) -> bool:
    """Do the same as refresh_pillar, under its other name."""
    return refresh_pillar(wait, timeout, clean_cache)


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
    Path(__opts__["cachedir"], GRAINS_CACHE).unlink(missing_ok=True)
    __daemon__.call("refresh", {"what": "grains"})
    if pillar:
        __daemon__.call("refresh", {"what": "pillar"})
    return True


def refresh_beacons() -> bool:
    """Tell the local bus that beacons are to be read anew; there are none yet."""
    return bool(__salt__["event.fire"]({}, "beacons_refresh"))


def refresh_matchers() -> bool:
    """Tell the local bus that matchers are to be read anew; those of txsalt are built in."""
    return bool(__salt__["event.fire"]({}, "matchers_refresh"))


def refresh_resources() -> bool:
    """Tell the local bus that resources are to be looked for anew; there are none yet."""
    return bool(__salt__["event.fire"]({}, "resource_refresh"))


def revoke_auth(preserve_minion_cache: bool = False) -> bool:
    """Ask the master to delete this minion's key."""
    load = {
        "cmd": "revoke_auth",
        "id": __opts__["id"],
        "preserve_minion_cache": preserve_minion_cache,
    }
    return bool(__daemon__.call("request", {"load": load}))


def clear_cache() -> bool:
    """
    Delete the files in the minion's cache folder; False if one cannot be deleted.

    Returns that the master has not got yet are kept.
    """
    top = __opts__["cachedir"]
    for folder, folders, files in os.walk(top):
        kept = [name for name in (*folders, *files) if folder == top and name in _KEPT]
        folders[:] = [name for name in folders if name not in kept]
        for name in files:
            if name in kept:
                continue
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
    return _of_the_daemon("find_job", jid)


def running() -> list[dict[str, Any]]:
    """List the running jobs with jid, fun, arg and pid."""
    return _of_the_daemon("running")


def is_running(fun: str) -> list[dict[str, Any]]:
    """List the running jobs of a function, which may be a pattern."""
    return _of_the_daemon("is_running", fun)


def signal_job(jid: str, sig: int) -> str:
    """Send a signal to a job and all it started."""
    return _of_the_daemon("signal_job", jid, sig)


def term_job(jid: str) -> str:
    """Ask a job and all it started to end (signal 15)."""
    return _of_the_daemon("term_job", jid)


def kill_job(jid: str) -> str:
    """End a job and all it started (signal 9)."""
    return _of_the_daemon("kill_job", jid)


def term_all_jobs() -> list[str]:
    """Ask all running jobs to end (signal 15)."""
    return _of_the_daemon("term_all_jobs")


def kill_all_jobs() -> list[str]:
    """End all running jobs (signal 9)."""
    return _of_the_daemon("kill_all_jobs")


def _of_the_daemon(name: str, *arg: Any) -> Any:
    verdict = __daemon__.call("jobs", {"fun": f"saltutil.{name}", "arg": list(arg)})
    if not verdict["success"]:
        raise CommandExecutionError(verdict["return"])
    return verdict["return"]
