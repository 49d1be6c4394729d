"""
Say why services cannot be managed, where no init system is known.

Source: ours; containers mostly run one program and no init system.
"""

from typing import Any, NoReturn  # arguments of any type are accepted and not used

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules import _init_system

__virtualname__ = "service"


def __virtual__() -> bool | tuple[bool, str]:
    if _init_system.init_system() != _init_system.NONE:
        return False, "an init system runs this machine"
    return True


def get_all() -> list[str]:
    """Return an empty list: there are no services."""
    return []


def get_enabled() -> list[str]:
    """Return an empty list: there are no services."""
    return []


def get_disabled() -> list[str]:
    """Return an empty list: there are no services."""
    return []


def get_running() -> list[str]:
    """Return an empty list: there are no services."""
    return []


def available(name: str) -> bool:
    """Return False: there are no services."""
    return False


def missing(name: str) -> bool:
    """Return True: there are no services."""
    return True


def status(name: str, sig: str | None = None) -> bool | str:
    """Return False; with ``sig`` the ids of the processes whose command lines match it."""
    return __salt__["status.pid"](sig) if sig else False


def enabled(name: str, **kwargs: Any) -> bool:
    """Return False: there are no services."""
    return False


def disabled(name: str, **kwargs: Any) -> bool:
    """Return False: there are no services."""
    return False


def start(name: str, **kwargs: Any) -> NoReturn:
    """Raise CommandExecutionError that says which init systems were looked for."""
    _refuse("start", name)


def stop(name: str, **kwargs: Any) -> NoReturn:
    """Raise CommandExecutionError, as start."""
    _refuse("stop", name)


def restart(name: str, **kwargs: Any) -> NoReturn:
    """Raise CommandExecutionError, as start."""
    _refuse("restart", name)


def reload_(name: str, **kwargs: Any) -> NoReturn:
    """Raise CommandExecutionError, as start."""
    _refuse("reload", name)


def enable(name: str, **kwargs: Any) -> NoReturn:
    """Raise CommandExecutionError, as start."""
    _refuse("enable", name)


def disable(name: str, **kwargs: Any) -> NoReturn:
    """Raise CommandExecutionError, as start."""
    _refuse("disable", name)


__func_alias__ = {"reload_": "reload"}


def _refuse(action: str, name: str) -> NoReturn:
    raise CommandExecutionError(
        f"cannot {action} {name}: no init system runs this machine (looked for systemd in "
        "/run/systemd/system, scripts in /etc/init.d, and runit)"
    )
