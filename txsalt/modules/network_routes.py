"""
Look at routes, neighbours and connections of this machine.

Source: Salt 3008.3, modules/network.py.
"""

import json
from typing import Any  # figures are numbers or text

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules import _routes
from txsalt.modules._proc import read_proc
from txsalt.modules._tool import check_tool, operand, which

__virtualname__ = "network"

_ANYWHERE = {"inet": "0.0.0.0", "inet6": "::/0"}  # noqa: S104 - a route, not an address to bind


def routes(family: str | None = None) -> list[dict[str, str]]:
    """
    Return the routes, of "inet" or "inet6" or both.

    Each has addr_family, destination, gateway, netmask, flags and interface.

    CLI Example: txsalt-cli '*' network.routes
    """
    _check(family)
    found = []
    if family in (None, "inet"):
        found += _routes.routes(read_proc("/proc/net/route", missing=""))
    if family in (None, "inet6"):
        found += _routes.routes6(read_proc("/proc/net/ipv6_route", missing=""))
    return found


def default_route(family: str | None = None) -> list[dict[str, str]]:
    """
    Return the routes to anywhere.

    CLI Example: txsalt-cli '*' network.default_route inet
    """
    return [
        each for each in routes(family) if each["destination"] == _ANYWHERE[each["addr_family"]]
    ]


def get_route(ip: str) -> dict[str, str | None]:
    """
    Return how an address is reached: destination, gateway, interface, source.

    CLI Example: txsalt-cli '*' network.get_route 10.10.10.10
    """
    found = json.loads(
        check_tool(__salt__, ["ip", "-json", "route", "get", operand(ip)]) or "[{}]"
    )[0]
    return {
        "destination": ip,
        "gateway": found.get("gateway"),
        "interface": found.get("dev"),
        "source": found.get("prefsrc"),
    }


def arp() -> dict[str, str]:
    """
    Return the table of neighbours: {hardware address: address}.

    CLI Example: txsalt-cli '*' network.arp
    """
    return _routes.neighbours(read_proc("/proc/net/arp", missing=""))


def ip_neighs() -> dict[str, str]:
    """
    Return the IPv4 neighbours: {hardware address: address}.

    CLI Example: txsalt-cli '*' network.ip_neighs
    """
    return _neighbours("-4")


def ipneighs() -> dict[str, str]:
    """Return the IPv4 neighbours, as ip_neighs."""
    return ip_neighs()


def ip_neighs6() -> dict[str, str]:
    """
    Return the IPv6 neighbours: {hardware address: address}.

    CLI Example: txsalt-cli '*' network.ip_neighs6
    """
    return _neighbours("-6")


def ipneighs6() -> dict[str, str]:
    """Return the IPv6 neighbours, as ip_neighs6."""
    return ip_neighs6()


def active_tcp() -> dict[int, dict[str, str | int]]:
    """
    Return the TCP connections, numbered: local_addr, local_port, remote_addr, remote_port.

    CLI Example: txsalt-cli '*' network.active_tcp
    """
    return _routes.established()


def netstat() -> list[dict[str, Any]]:
    """
    Return open sockets: proto, recv-q, send-q, local-address, remote-address, state, user, …

    CLI Example: txsalt-cli '*' network.netstat
    """
    if which("netstat"):
        text = check_tool(__salt__, ["netstat", "-tulpnea"])
        return [_socket(line.split()) for line in text.splitlines() if line[:3] in ("tcp", "udp")]
    text = check_tool(__salt__, ["ss", "-tulpnea"])
    return [_ss_socket(line) for line in text.splitlines() if line[:3] in ("tcp", "udp")]


def _socket(words: list[str]) -> dict[str, Any]:
    names = ["proto", "recv-q", "send-q", "local-address", "remote-address"]
    if words[0].startswith("tcp"):
        names.append("state")
    return dict(zip([*names, "user", "inode", "program"], words, strict=False))


def _ss_socket(line: str) -> dict[str, Any]:
    words = line.split()
    more = dict(word.split(":", 1) for word in words[6:] if ":" in word)
    names = more.get("users", "").split('"')
    found: dict[str, Any] = {
        "proto": words[0],
        "recv-q": words[2],
        "send-q": words[3],
        "local-address": words[4],
        "remote-address": words[5],
        "user": more.get("uid", 0),
        "inode": more.get("ino", 0),
        "program": names[1] if len(names) > 1 else "",
    }
    if words[0] == "tcp":
        found["state"] = "ESTABLISHED" if words[1] == "ESTAB" else words[1]
    return found


def _neighbours(option: str) -> dict[str, str]:
    text = check_tool(__salt__, ["ip", option, "-json", "neigh", "show"])
    found = json.loads(text or "[]")
    return {each["lladdr"]: each["dst"] for each in found if "lladdr" in each}


def _check(family: str | None) -> None:
    if family not in (None, "inet", "inet6"):
        raise CommandExecutionError(f"Invalid address family {family}")
