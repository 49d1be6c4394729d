"""
What saltutil asks of the master, and what it knows of past jobs.

Salt runs runner, cmd and wheel with the master's own files, on a minion of the master's machine
only. Jobs of ours read no key: runner and cmd go through the master instead, as far as its options
``peer_run`` and ``peer`` let this minion; wheel has no such way.

Source: Salt 3008.3, modules/saltutil.py.
"""

import os
import shutil
import time
from collections.abc import Mapping
from typing import Any  # functions take and return values of any type

from txsalt.jobs.errors import CommandExecutionError

__virtualname__ = "saltutil"

_RETURNS = "minion_jobs"  # below cachedir


def runner(name: str, arg: Any = None, kwarg: Any = None, full_return: bool = False,
           saltenv: str = "base", jid: Any = None, **kwargs: Any) -> Any:  # fmt: skip
    """
    Run a runner on the master, which must let this minion (peer_run); return what it returned.

    With ``full_return`` it is a map with success and return.

    CLI Example: txsalt-cli web1 saltutil.runner manage.up
    """
    found = __salt__["publish.runner"](name, [*(arg or []), *_words(kwarg, kwargs)])
    return {"return": found, "success": True} if full_return else found


def cmd(tgt: Any, fun: str, arg: Any = (), timeout: Any = None, tgt_type: str = "glob",
        ret: str = "", kwarg: Any = None, ssh: bool = False,
        **kwargs: Any) -> dict[str, Any]:  # fmt: skip
    """
    Run a function on other minions, as far as the master lets this one (peer).

    Returns a map with "ret" for each minion.

    CLI Example: txsalt-cli web1 saltutil.cmd 'web*' test.ping
    """
    if ssh:
        raise CommandExecutionError("there is no salt-ssh here")
    given = [arg] if isinstance(arg, str) else list(arg or ())
    words = [*given, *_words(kwarg, kwargs)]
    seconds = timeout or __opts__.get("timeout") or 5
    return __salt__["publish.full_data"](tgt, fun, words, tgt_type, ret, seconds)


def cmd_iter(tgt: Any, fun: str, arg: Any = (), timeout: Any = None, tgt_type: str = "glob",
             ret: str = "", kwarg: Any = None, ssh: bool = False,
             **kwargs: Any) -> list[dict[str, Any]]:  # fmt: skip
    """
    Do the same as saltutil.cmd; return a list with a map for each minion.

    CLI Example: txsalt-cli web1 saltutil.cmd_iter 'web*' test.ping
    """
    found = cmd(tgt, fun, arg, timeout, tgt_type, ret, kwarg, ssh, **kwargs)
    return [{minion: answer} for minion, answer in found.items()]


def wheel(name: str, *args: Any, **kwargs: Any) -> Any:
    """Refuse: no job of a minion reaches the keys of a master; see ``txsalt-cli key``."""
    raise CommandExecutionError(
        f"wheel functions such as {name} are for the master: use txsalt-cli key there"
    )


def mmodule(saltenv: str, fun: str, *args: Any, **kwargs: Any) -> Any:
    """
    Run a function of this minion.

    CLI Example: txsalt-cli '*' saltutil.mmodule base test.ping
    """
    if fun not in __salt__:
        raise CommandExecutionError(f"{fun} is not available")
    given = {key: value for key, value in kwargs.items() if not key.startswith("__")}
    return __salt__[fun](*args, **given)


def find_cached_job(jid: Any) -> str:
    """
    Say that returns are not kept on the minion; the master has them (``txsalt-cli job show JID``).

    Callers of Salt get this text, too, where cache_jobs is off.
    """
    return (
        "Local jobs cache directory not found; returns are kept by the master, "
        f"and those on their way in the outbox: txsalt-cli job show {jid}"
    )


def clear_job_cache(hours: Any = 24) -> bool:
    """
    Remove returns of jobs older than some hours, which a stock minion kept on this machine.

    CLI Example: txsalt-cli '*' saltutil.clear_job_cache hours=12
    """
    folder = os.path.join(__opts__["cachedir"], _RETURNS)
    limit = time.time() - float(hours) * 3600
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return True
    try:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and entry.stat().st_mtime < limit:
                shutil.rmtree(entry.path)
    except OSError:
        return False
    return True


def _words(kwarg: Any, kwargs: Mapping[str, Any]) -> list[str]:
    """Write arguments by name as the words of a command line."""
    named = {**(kwarg or {}), **kwargs}
    return [f"{key}={value!r}" for key, value in named.items() if not key.startswith("__")]
