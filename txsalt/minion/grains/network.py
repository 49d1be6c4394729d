"""
Grains of the network: interfaces, addresses, gateways, the resolver's settings.
"""

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any  # options and grains hold values of any type

from txsalt.minion.grains import netlink, read


def interfaces(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the addresses by interface and all together; loopback is among them."""
    by_version: dict[int, dict[str, list[str]]] = {4: {}, 6: {}}
    hardware = {}
    for _, name in socket.if_nameindex():
        by_version[4][name], by_version[6][name] = [], []
        if address := read.text(Path("/sys/class/net", name, "address")).strip():
            hardware[name] = address
    for found in netlink.addresses():
        by_version[found.version].setdefault(found.interface, []).append(found.text)
    v4, v6 = by_version[4], by_version[6]
    return {
        "hwaddr_interfaces": hardware,
        "ip4_interfaces": v4,
        "ip6_interfaces": v6,
        "ip_interfaces": {name: v4.get(name, []) + v6.get(name, []) for name in v4 | v6},
        "ipv4": _sorted(v4.values()),
        "ipv6": _sorted(v6.values()),
    }


def gateways(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the first default gateway of each version, or False; True if it has no address."""
    v4 = _gateway4(read.text("/proc/net/route"))
    v6 = _gateway6(read.text("/proc/net/ipv6_route"))
    return {"ip_gw": bool(v4 or v6), "ip4_gw": v4, "ip6_gw": v6}


def resolver(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give what resolv.conf says."""
    return {"dns": parse_resolv_conf(read.text("/etc/resolv.conf"))}


def parse_resolv_conf(text: str) -> dict[str, Any]:
    """Read the text of a resolv.conf; addresses that are none are left out."""
    lists: dict[str, list[str]] = {"nameserver": [], "sortlist": [], "search": [], "options": []}
    domain = ""
    for line in text.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        if len(words) < 2:
            continue
        if words[0] == "nameserver" and _version(words[1]):
            lists["nameserver"].append(words[1])
        elif words[0] == "domain":
            domain = words[1]
        elif words[0] in ("search", "sortlist", "options"):
            lists[words[0]] = words[1:]
    servers = lists.pop("nameserver")
    return {
        "nameservers": servers,
        "ip4_nameservers": [each for each in servers if _version(each) == 4],
        "ip6_nameservers": [each for each in servers if _version(each) == 6],
        "domain": domain,
        **lists,
    }


def _sorted(lists: Iterable[list[str]]) -> list[str]:
    unique = {ipaddress.ip_address(address) for each in lists for address in each}
    return [str(address) for address in sorted(unique, key=int)]


def _gateway4(table: str) -> str | bool:
    # Columns: interface, destination, gateway, flags, …; addresses in the machine's byte order.
    for words in (line.split() for line in table.splitlines()[1:]):
        if len(words) > 7 and words[1] == "00000000" and words[7] == "00000000":
            address = int(words[2], 16)
            packed = address.to_bytes(4, "little")
            return socket.inet_ntop(socket.AF_INET, packed) if address else True
    return False


def _gateway6(table: str) -> str | bool:
    # Columns: destination, prefix length, source, prefix length, next hop, metric, …, device.
    for words in (line.split() for line in table.splitlines()):
        if len(words) > 9 and int(words[0], 16) == 0 and words[1] == "00" and words[9] != "lo":
            packed = bytes.fromhex(words[4])
            return socket.inet_ntop(socket.AF_INET6, packed) if any(packed) else True
    return False


def _version(text: str) -> int:
    try:
        return ipaddress.ip_address(text.partition("%")[0]).version
    except ValueError:
        return 0
