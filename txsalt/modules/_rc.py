"""
Which scripts of /etc/init.d start at boot: the links in /etc/rcN.d.

Source: update-rc.d(8), runlevel(8); Salt 3008.3, modules/debian_service.py.
"""

import os
import re
from collections.abc import Mapping
from typing import Any  # functions of modules take and return whatever they like

from txsalt.jobs.errors import SaltInvocationError
from txsalt.modules._systemd import below
from txsalt.modules._tool import operand, run_tool, which


def boot_scripts(
    functions: Mapping[str, Any], root: str | None = None, *, early: bool = False
) -> set[str]:
    """
    Give the scripts that are started at the runlevel of this machine.

    ``early`` adds those that are started before any runlevel; systemd runs none of them.
    """
    folders = [f"/etc/rc{_runlevel(functions)}.d", *(["/etc/rcS.d"] if early else [])]
    paths = [path for path in (below(each, root) for each in folders) if os.path.isdir(path)]
    names = [name for path in paths for name in os.listdir(path)]
    return {match[1] for match in (re.fullmatch(r"S\d{2}(.+)", name) for name in names) if match}


def script_name(name: str) -> str:
    """Give the name of a script or service; raises SaltInvocationError if it is none."""
    if "/" in name or name in (".", ".."):
        # It would lead out of the folder of services, to programs that are none.
        raise SaltInvocationError(f"{name!r} is no name of a service")
    return operand(name)


def switch(functions: Mapping[str, Any], name: str, on: bool) -> bool:
    """Make or remove the links of a script."""
    name = script_name(name)
    if which("update-rc.d") is None and which("chkconfig"):
        argv = ["chkconfig", name, "on" if on else "off"]
    else:
        argv = ["update-rc.d", "-f", name, *(["defaults", "99"] if on else ["remove"])]
    return run_tool(functions, argv, ignore_retcode=True).retcode == 0


def decide(functions: Mapping[str, Any], name: str, on: bool) -> bool:
    """
    Say whether a script starts at boot, in a way that an upgrade of its package does not undo.

    Links that were removed would be made again by the next version of the package; those that
    say no stay. False for a script that is not there.
    """
    if which("update-rc.d") is None:
        return switch(functions, name, on)
    name = script_name(name)
    words = ("defaults", "enable") if on else ("defaults-disabled", "disable")
    return all(run_tool(functions, ["update-rc.d", name, each]).retcode == 0 for each in words)


def _runlevel(functions: Mapping[str, Any]) -> str:
    if which("runlevel"):
        words = run_tool(functions, ["runlevel"], ignore_retcode=True).stdout.split()
        if len(words) == 2 and words[1] != "unknown":
            return words[1]
    return "2"  # what Debian boots to when nothing says otherwise
