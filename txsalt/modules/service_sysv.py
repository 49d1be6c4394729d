"""
Start and stop services by the scripts in /etc/init.d, where no newer init system runs.

Source: Salt 3008.3, modules/debian_service.py, modules/rh_service.py.
"""

import os
import re
from fnmatch import filter as matching
from typing import Any  # users pass text or booleans

from txsalt.modules import _init_system, _rc, _systemd
from txsalt.modules._tool import run_tool

__virtualname__ = "service"

_SCRIPTS = "/etc/init.d"


def __virtual__() -> bool | tuple[bool, str]:
    if _init_system.init_system() != _init_system.SYSV:
        return False, "the scripts of /etc/init.d do not run this machine"
    return True


def start(name: str) -> bool:
    """
    Start a service.

    CLI Example: txsalt-cli '*' service.start ssh
    """
    return _run(name, "start")


def stop(name: str) -> bool:
    """
    Stop a service.

    CLI Example: txsalt-cli '*' service.stop ssh
    """
    return _run(name, "stop")


def restart(name: str) -> bool:
    """
    Stop and start a service.

    CLI Example: txsalt-cli '*' service.restart ssh
    """
    return _run(name, "restart")


def reload_(name: str) -> bool:
    """
    Make a service read its configuration.

    CLI Example: txsalt-cli '*' service.reload ssh
    """
    return _run(name, "reload")


def force_reload(name: str) -> bool:
    """
    Make a service read its configuration, or restart it if it cannot.

    CLI Example: txsalt-cli '*' service.force_reload ssh
    """
    return _run(name, "force-reload")


def status(name: str, sig: str | None = None) -> bool | str | dict[str, bool]:
    """
    Tell whether a service runs; for a pattern, a map of all services that match.

    With ``sig`` the process is looked for by its command line, and its ids are returned.

    CLI Example: txsalt-cli '*' service.status 'ssh*'
    """
    if sig:
        return __salt__["status.pid"](sig)
    if re.search(r"[*?]|\[.+\]", name):
        return {each: _is_running(each) for each in matching(get_all(), name)}
    return _is_running(name)


def enable(name: str, **kwargs: Any) -> bool:
    """
    Start a service at boot.

    CLI Example: txsalt-cli '*' service.enable ssh
    """
    return _rc.decide(__salt__, name, on=True)


def disable(name: str, **kwargs: Any) -> bool:
    """
    Do not start a service at boot.

    CLI Example: txsalt-cli '*' service.disable ssh
    """
    return _rc.decide(__salt__, name, on=False)


def enabled(name: str, **kwargs: Any) -> bool:
    """
    Tell whether a service is started at boot.

    CLI Example: txsalt-cli '*' service.enabled ssh
    """
    return name in get_enabled()


def disabled(name: str) -> bool:
    """
    Tell whether there is a service that is not started at boot.

    CLI Example: txsalt-cli '*' service.disabled ssh
    """
    return name in get_disabled()


def available(name: str) -> bool:
    """
    Tell whether there is a service.

    CLI Example: txsalt-cli '*' service.available ssh
    """
    return name in get_all()


def missing(name: str) -> bool:
    """
    Tell whether there is no such service.

    CLI Example: txsalt-cli '*' service.missing ssh
    """
    return not available(name)


def get_all() -> list[str]:
    """
    Return all services: those that have scripts, and those that boot starts.

    CLI Example: txsalt-cli '*' service.get_all
    """
    return sorted({*_systemd.scripts(None, set()), *get_enabled()})


def get_running() -> list[str]:
    """
    Return the services that run; asks each of them.

    CLI Example: txsalt-cli '*' service.get_running
    """
    return [name for name in get_all() if _is_running(name)]


def get_enabled() -> list[str]:
    """
    Return the services that are started at boot.

    CLI Example: txsalt-cli '*' service.get_enabled
    """
    return sorted(_rc.boot_scripts(__salt__, early=True))


def get_disabled() -> list[str]:
    """
    Return the services that are not started at boot.

    CLI Example: txsalt-cli '*' service.get_disabled
    """
    return sorted({*_systemd.scripts(None, set())} - {*get_enabled()})


__func_alias__ = {"reload_": "reload"}


def _run(name: str, action: str) -> bool:
    return run_tool(__salt__, ["service", _rc.script_name(name), action], timeout=900).retcode == 0


def _is_running(name: str) -> bool:
    if not os.access(os.path.join(_SCRIPTS, _rc.script_name(name)), os.X_OK):
        return False
    return run_tool(__salt__, ["service", name, "status"], ignore_retcode=True).retcode == 0
