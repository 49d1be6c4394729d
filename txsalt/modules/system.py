"""
Stop and restart this machine, and name it.

Functions that stop return what the tool said; the job's return may not leave in time.

Source: Salt 3008.3, modules/system.py.
"""

import re
from pathlib import Path
from typing import Any  # users pass numbers or text

from txsalt.modules._text_file import lines_of, read_text, write_text
from txsalt.modules._tool import operand, run_tool, which

_MACHINE_INFO = "/etc/machine-info"
_ESCAPES = {"\\": "\\", '"': '"', "n": "\n", "t": "\t"}


def halt() -> str:
    """
    Stop this machine without switching it off.

    CLI Example: txsalt-cli '*' system.halt
    """
    return _run("halt")


def poweroff() -> str:
    """
    Stop this machine and switch it off.

    CLI Example: txsalt-cli '*' system.poweroff
    """
    return _run("poweroff")


def init(runlevel: Any) -> str:
    """
    Change the runlevel of a sysv system.

    CLI Example: txsalt-cli '*' system.init 3
    """
    return _run("init", operand(runlevel))


def reboot(at_time: Any = None) -> str:
    """
    Restart this machine, now or at a time as shutdown(8) reads it: minutes, or hh:mm.

    CLI Example: txsalt-cli '*' system.reboot 5
    """
    return _run("shutdown", "-r", operand(at_time or "now"))


def shutdown(at_time: Any = None) -> str:
    """
    Stop this machine and switch it off, now or at a time.

    CLI Example: txsalt-cli '*' system.shutdown 5
    """
    return _run("shutdown", "-h", operand(at_time or "now"))


def get_computer_name() -> str:
    """
    Return the name of this machine.

    CLI Example: txsalt-cli '*' system.get_computer_name
    """
    return __salt__["network.get_hostname"]()


def set_computer_name(hostname: str) -> bool:
    """
    Rename this machine.

    CLI Example: txsalt-cli '*' system.set_computer_name master.example.com
    """
    return __salt__["network.mod_hostname"](hostname)


def get_computer_desc() -> str | bool:
    """
    Return the name of this machine for people, False if it has none.

    CLI Example: txsalt-cli '*' system.get_computer_desc
    """
    if _has_hostnamed():
        text = run_tool(__salt__, ["hostnamectl", "status", "--pretty"]).stdout
        return _unescaped(text)
    match = re.search(r"(?m)^\s*PRETTY_HOSTNAME=(.*)$", _machine_info())
    return _unescaped(match[1].strip().strip("\"'")) if match else False


def set_computer_desc(desc: Any) -> bool:
    """
    Give this machine a name for people.

    CLI Example: txsalt-cli '*' system.set_computer_desc "Michael's laptop"
    """
    text = str(desc).replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("\n", "\\n").replace("\t", "\\t")
    if _has_hostnamed():
        argv = ["hostnamectl", "set-hostname", "--pretty", operand(desc)]
        return run_tool(__salt__, argv).retcode == 0
    kept = [
        line
        for line in lines_of(read_text(_MACHINE_INFO, missing=""))
        if not re.match(r"\s*PRETTY_HOSTNAME=", line)
    ]
    if kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    write_text(_MACHINE_INFO, "".join([*kept, f'PRETTY_HOSTNAME="{text}"\n']))
    return True


def _run(*argv: Any) -> str:
    return run_tool(__salt__, argv, redirect_stderr=True).stdout


def _has_hostnamed() -> bool:
    # hostnamectl only speaks with a service of systemd, and waits for it in vain elsewhere.
    return Path("/run/systemd/system").is_dir() and which("hostnamectl") is not None


def _machine_info() -> str:
    try:
        return Path(_MACHINE_INFO).read_text(errors="replace")
    except OSError:
        return ""


def _unescaped(text: str) -> str:
    return re.sub(r'\\([\\"nt])', lambda found: _ESCAPES[found[1]], text)
