"""
How busy disks and networks of this machine are, and who is logged in.

Source: Salt 3008.3, modules/status.py; proc(5).
"""

import socket
from typing import Any  # figures are integers or text

from txsalt.modules._proc import number, read_proc
from txsalt.modules._routes import established
from txsalt.modules._tool import check_tool

__virtualname__ = "status"

_DISK = ["major", "minor", "device", "reads_issued", "reads_merged", "sectors_read"]
_DISK += ["ms_spent_reading", "writes_completed", "writes_merged", "sectors_written"]
_DISK += ["ms_spent_writing", "io_in_progress", "ms_spent_in_io", "weighted_ms_spent_in_io"]
_NET = ["bytes", "packets", "errs", "drop", "fifo"]
_RECEIVED = [f"rx_{name}" for name in (*_NET, "frame", "compressed", "multicast")]
_SENT = [f"tx_{name}" for name in (*_NET, "colls", "carrier", "compressed")]


def diskstats() -> dict[str, dict[str, Any]]:
    """
    Return /proc/diskstats: counters by disk.

    CLI Example: txsalt-cli '*' status.diskstats
    """
    rows = (line.split() for line in read_proc("/proc/diskstats", missing="").splitlines())
    return {
        words[2]: dict(zip(_DISK, map(number, words), strict=False))
        for words in rows
        if len(words) >= len(_DISK)
    }


def netdev() -> dict[str, dict[str, Any]]:
    """
    Return /proc/net/dev: counters by interface.

    CLI Example: txsalt-cli '*' status.netdev
    """
    found = {}
    for line in read_proc("/proc/net/dev", missing="").splitlines():
        name, colon, rest = line.partition(":")
        if colon:
            figures = dict(zip([*_RECEIVED, *_SENT], map(number, rest.split()), strict=False))
            found[name.strip()] = {"iface": name.strip(), **figures}
    return found


def netstats() -> dict[str, dict[str, Any]]:
    """
    Return /proc/net/netstat: counters of the extensions of TCP and IP.

    CLI Example: txsalt-cli '*' status.netstats
    """
    found: dict[str, dict[str, Any]] = {}
    headers: list[str] = []
    for words in map(str.split, read_proc("/proc/net/netstat", missing="").splitlines()):
        if headers and words[0] == headers[0]:
            found[words[0].rstrip(":")] = dict(
                zip(headers[1:], map(number, words[1:]), strict=True)
            )
            headers = []
        else:
            headers = words
    return found


def w() -> list[dict[str, str]]:
    """
    Return who is logged in and does what: user, tty, login, idle, jcpu, pcpu, what.

    CLI Example: txsalt-cli '*' status.w
    """
    names = ("user", "tty", "login", "idle", "jcpu", "pcpu", "what")
    rows = (line.split(None, 6) for line in check_tool(__salt__, ["w", "-fh"]).splitlines())
    return [dict(zip(names, words, strict=True)) for words in rows if len(words) == len(names)]


def custom() -> dict[str, Any]:
    """
    Return the figures that the configuration asks for.

    Options such as ``status.cpustats.custom: [cpu, ctxt]`` name function and figures; one that
    there is not is UNKNOWN.

    CLI Example: txsalt-cli '*' status.custom
    """
    found: dict[str, Any] = {}
    for key, names in __salt__["config.dot_vals"]("status").items():
        function = key.rpartition(".")[0]
        if function == "status.custom" or function not in __salt__:
            continue
        values = __salt__[function]()
        found |= {name: values.get(name, "UNKNOWN") for name in names}
    return found


def master(master: str | None = None, connected: bool = True) -> bool | None:
    """
    Tell whether this machine has a connection to the port of a master; None if it is unknown.

    CLI Example: txsalt-cli '*' status.master salt.example.com
    """
    if not master:
        return None
    try:
        known = socket.getaddrinfo(master, None, type=socket.SOCK_STREAM)
    except OSError:
        return None
    port = int(__salt__["config.get"]("publish_port", 4505))
    peers = {each["remote_addr"] for each in established().values() if each["remote_port"] == port}
    return bool(peers & {entry[4][0] for entry in known})
