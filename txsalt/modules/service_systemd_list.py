"""
List services, where systemd runs the machine.

Source: Salt 3008.3, modules/systemd_service.py.
"""

from typing import Any  # values of properties are text, lists or maps

from txsalt.modules import _init_system, _rc, _systemd
from txsalt.modules._tool import check_tool, run_tool

__virtualname__ = "service"


def __virtual__() -> bool | tuple[bool, str]:
    if _init_system.init_system() != _init_system.SYSTEMD:
        return False, "systemd does not run this machine"
    return True


def get_all(root: str | None = None) -> list[str]:
    """
    Return the names of all services and other units that have files.

    CLI Example: txsalt-cli '*' service.get_all
    """
    units = _systemd.unit_files(root)
    return sorted(units | set(_systemd.scripts(root, units)))


def get_running() -> list[str]:
    """
    Return the units that run.

    CLI Example: txsalt-cli '*' service.get_running
    """
    return _systemd.running(check_tool(__salt__, ["systemctl", *_PLAIN]))


def get_enabled(root: str | None = None) -> list[str]:
    """
    Return the units that are started at boot.

    CLI Example: txsalt-cli '*' service.get_enabled
    """
    started = _rc.boot_scripts(__salt__, root)
    scripts = {name for name in _scripts(root) if name in started}
    return sorted(_in_state("enabled", root) | scripts)


def get_disabled(root: str | None = None) -> list[str]:
    """
    Return the units that are not started at boot.

    CLI Example: txsalt-cli '*' service.get_disabled
    """
    started = _rc.boot_scripts(__salt__, root)
    scripts = {name for name in _scripts(root) if name not in started}
    return sorted(_in_state("disabled", root) | scripts)


def get_static(root: str | None = None) -> list[str]:
    """
    Return the units that can be neither enabled nor disabled.

    CLI Example: txsalt-cli '*' service.get_static
    """
    return sorted(_in_state("static", root))


def show(name: str, root: str | None = None) -> dict[str, Any]:
    """
    Return the properties of a unit.

    CLI Example: txsalt-cli '*' service.show nginx
    """
    where = ["--root", root] if root else []
    done = run_tool(__salt__, ["systemctl", *where, "show", _systemd.unit_name(name)])
    return _systemd.properties(done.stdout)


def execs(root: str | None = None) -> dict[str, str]:
    """
    Return the programs that services run.

    CLI Example: txsalt-cli '*' service.execs
    """
    shown = {name: show(name, root).get("ExecStart") for name in get_all(root)}
    return {name: each["path"] for name, each in shown.items() if isinstance(each, dict)}


def offline() -> bool:
    """Return False: this module serves only machines that systemd runs."""
    return False


_PLAIN = ("--full", "--no-legend", "--no-pager")


def _in_state(state: str, root: str | None) -> set[str]:
    where = ["--root", root] if root else []
    text = check_tool(__salt__, ["systemctl", *where, *_PLAIN, "list-unit-files"])
    return {name for name, found in _systemd.states(text) if found == state}


def _scripts(root: str | None) -> list[str]:
    return _systemd.scripts(root, _systemd.unit_files(root))
