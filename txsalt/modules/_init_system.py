"""
Which init system runs this machine.
"""

import os
from pathlib import Path

from txsalt.modules._tool import which

SYSTEMD, RUNIT, SYSV, NONE = "systemd", "runit", "sysv", "none"


def init_system(root: str = "/") -> str:
    """
    Name the init system: systemd, runit, sysv, or none that is known here.

    systemd says so itself by a folder in /run. runit is process 1, or its supervisor of services
    has its folder and nothing else could start any. All else with scripts in /etc/init.d is sysv.
    """
    base = Path(root)
    if (base / "run/systemd/system").is_dir():
        return SYSTEMD
    if which("sv") and service_folder(root) and (_first_process(base) == "runit"):
        return RUNIT
    if which("service") and _has_scripts(base / "etc/init.d"):
        return SYSV
    if which("sv") and service_folder(root):
        return RUNIT
    return NONE


def service_folder(root: str = "/") -> str:
    """Give the folder of the services that runit supervises, "" if there is none."""
    folders = ("var/service", "etc/service", "service")
    return next((os.path.join(root, each) for each in folders if Path(root, each).is_dir()), "")


def _first_process(base: Path) -> str:
    try:
        return (base / "proc/1/comm").read_text().strip()
    except OSError:
        return ""


def _has_scripts(folder: Path) -> bool:
    return folder.is_dir() and any(os.access(each, os.X_OK) for each in folder.iterdir())
