"""
Start and stop services that runit supervises.

Source: sv(8), runsvdir(8).
"""

import os
import re
import time
from fnmatch import filter as matching
from typing import Any  # users pass text or booleans

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules import _init_system, _rc
from txsalt.modules._tool import run_tool

__virtualname__ = "service"

_DEFINITIONS = "/etc/sv"
_SCAN = 6.0  # seconds in which runsvdir, which looks every five, finds a new service


def __virtual__() -> bool | tuple[bool, str]:
    if _init_system.init_system() != _init_system.RUNIT:
        return False, "runit does not run this machine"
    return True


def start(name: str) -> bool:
    """
    Start a service.

    CLI Example: txsalt-cli '*' service.start nginx
    """
    return _sv("start", name)


def stop(name: str) -> bool:
    """
    Stop a service.

    CLI Example: txsalt-cli '*' service.stop nginx
    """
    return _sv("stop", name)


def restart(name: str) -> bool:
    """
    Stop and start a service.

    CLI Example: txsalt-cli '*' service.restart nginx
    """
    return _sv("restart", name)


def reload_(name: str) -> bool:
    """
    Send a service the signal that makes most read their configuration.

    CLI Example: txsalt-cli '*' service.reload nginx
    """
    return _sv("reload", name)


def force_reload(name: str) -> bool:
    """
    Make a service read its configuration, killing it if it does not answer in time.

    CLI Example: txsalt-cli '*' service.force_reload nginx
    """
    return _sv("force-reload", name)


def status(name: str, sig: str | None = None) -> bool | str | dict[str, bool]:
    """
    Tell whether a service runs; for a pattern, a map of all services that match.

    With ``sig`` the process is looked for by its command line, and its ids are returned.

    CLI Example: txsalt-cli '*' service.status nginx
    """
    if sig:
        return __salt__["status.pid"](sig)
    if re.search(r"[*?]|\[.+\]", name):
        return {each: _runs(each) for each in matching(get_all(), name)}
    return _runs(name)


def enable(name: str, **kwargs: Any) -> bool:
    """
    Have a service supervised, and so started now and at boot.

    CLI Example: txsalt-cli '*' service.enable nginx
    """
    definition = os.path.join(_DEFINITIONS, _rc.script_name(name))
    if not os.path.isdir(definition):
        return False
    if not enabled(name):
        os.symlink(definition, _link(name))
    return True


def disable(name: str, **kwargs: Any) -> bool:
    """
    Have a service no longer supervised, which stops it.

    CLI Example: txsalt-cli '*' service.disable nginx
    """
    if not enabled(name):
        return True
    if not os.path.islink(_link(name)):
        raise CommandExecutionError(f"{_link(name)} is no link: it is the service itself")
    os.unlink(_link(name))
    return True


def enabled(name: str, **kwargs: Any) -> bool:
    """
    Tell whether a service is supervised.

    CLI Example: txsalt-cli '*' service.enabled nginx
    """
    return os.path.isdir(_link(name))


def disabled(name: str) -> bool:
    """
    Tell whether there is a service that is not supervised.

    CLI Example: txsalt-cli '*' service.disabled nginx
    """
    return name in get_disabled()


def available(name: str) -> bool:
    """
    Tell whether there is a service.

    CLI Example: txsalt-cli '*' service.available nginx
    """
    return name in get_all()


def missing(name: str) -> bool:
    """
    Tell whether there is no such service.

    CLI Example: txsalt-cli '*' service.missing nginx
    """
    return not available(name)


def get_all() -> list[str]:
    """
    Return all services.

    CLI Example: txsalt-cli '*' service.get_all
    """
    return sorted({*_folders(_DEFINITIONS), *get_enabled()})


def get_running() -> list[str]:
    """
    Return the services that run.

    CLI Example: txsalt-cli '*' service.get_running
    """
    return [name for name in get_enabled() if _runs(name)]


def get_enabled() -> list[str]:
    """
    Return the services that are supervised.

    CLI Example: txsalt-cli '*' service.get_enabled
    """
    return _folders(_init_system.service_folder())


def get_disabled() -> list[str]:
    """
    Return the services that are not supervised.

    CLI Example: txsalt-cli '*' service.get_disabled
    """
    return sorted({*_folders(_DEFINITIONS)} - {*get_enabled()})


__func_alias__ = {"reload_": "reload"}


def _sv(action: str, name: str) -> bool:
    _await_supervisor(name)
    return run_tool(__salt__, ["sv", action, _link(name)], timeout=120).retcode == 0


def _await_supervisor(name: str) -> None:
    """Give runsvdir the time to find a service that was enabled a moment ago."""
    deadline = time.monotonic() + _SCAN
    while enabled(name) and not _is_supervised(name) and time.monotonic() < deadline:
        time.sleep(0.1)


def _is_supervised(name: str) -> bool:
    # Its supervisor reads this pipe; without one, nobody does, and it cannot be opened.
    try:
        pipe = os.open(os.path.join(_link(name), "supervise/ok"), os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    os.close(pipe)
    return True


def _runs(name: str) -> bool:
    done = run_tool(__salt__, ["sv", "status", _link(name)], ignore_retcode=True)
    return done.stdout.startswith("run:")


def _link(name: str) -> str:
    return os.path.join(_init_system.service_folder(), _rc.script_name(name))


def _folders(path: str) -> list[str]:
    names = os.listdir(path) if os.path.isdir(path) else []
    return sorted(each for each in names if os.path.isdir(os.path.join(path, each)))
