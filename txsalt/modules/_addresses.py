"""
The network interfaces of this machine and their addresses.

Source: ip-address(8), option -json; Salt 3008.3, utils/network.py.
"""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any  # interfaces hold text, lists and booleans

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._tool import check_tool

Interfaces = dict[str, dict[str, Any]]


def interfaces(functions: Mapping[str, Any]) -> Interfaces:
    """
    Give the interfaces by name: up, hwaddr, parent, inet, inet6, secondary; what there is of it.

    Raises CommandExecutionError if ip(8) is missing or fails.
    """
    return read_interfaces(check_tool(functions, ["ip", "-json", "address", "show"]))


def read_interfaces(text: str) -> Interfaces:
    """Read what ip(8) writes about addresses as JSON."""
    try:
        links = [each for each in json.loads(text or "[]") if "ifname" in each]
    except ValueError as exc:
        raise CommandExecutionError(f"ip wrote no JSON: {exc}") from exc
    return {link["ifname"]: _link(link) for link in links}


def addresses(found: Interfaces, wanted: Any, family: str, loopback: bool) -> list[str]:
    """
    Give the addresses of a family ("inet", "inet6"), sorted, those of loopback only if asked.

    ``wanted`` are patterns of interface names, a list or text with commas; None for all.
    """
    each = {ip_address(entry["address"]) for entry in _entries(_chosen(found, wanted), family)}
    return [str(one) for one in sorted(each) if loopback or not one.is_loopback]


def networks(found: Interfaces, wanted: Any, family: str, loopback: bool) -> list[Any]:
    """Give the networks of a family as objects, sorted."""
    length = "netmask" if family == "inet" else "prefixlen"
    each = {
        ip_network(f"{entry['address']}/{entry[length]}", strict=False)
        for entry in _entries(_chosen(found, wanted), family)
        if entry[length]
    }
    return sorted(one for one in each if loopback or not one.is_loopback)


def subnets(found: Interfaces, wanted: Any, family: str) -> list[str]:
    """Give the networks that addresses other than loopback are in; ``wanted`` are whole names."""
    names = None if wanted is None else wanted if isinstance(wanted, list) else [wanted]
    chosen = {name: each for name, each in found.items() if names is None or name in names}
    length = "netmask" if family == "inet" else "prefixlen"
    each = [
        ip_interface(f"{entry['address']}/{entry[length] or 0}")
        for entry in _entries(chosen, family)
    ]
    return [str(net) for net in sorted({one.network for one in each if not one.is_loopback})]


def _chosen(found: Interfaces, wanted: Any) -> Interfaces:
    if wanted is None:
        return found
    patterns = wanted if isinstance(wanted, list) else str(wanted).split(",")
    return {
        name: each
        for name, each in found.items()
        if any(fnmatch(name, str(pattern).strip()) for pattern in patterns)
    }


def _entries(found: Interfaces, family: str) -> Iterable[dict[str, Any]]:
    for each in found.values():
        yield from each.get(family, [])
        yield from (one for one in each.get("secondary", []) if one["type"] == family)


def _link(link: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"up": "UP" in link.get("flags", [])}
    parent = link.get("link") or (f"if{link['link_index']}" if "link_index" in link else None)
    if parent:
        found["parent"] = parent
    if "address" in link:
        found["hwaddr"] = link["address"]
    for entry in link.get("addr_info", []):
        family = entry.get("family")
        if family not in ("inet", "inet6") or "local" not in entry:
            continue
        address = _inet(entry, link) if family == "inet" else _inet6(entry)
        if entry.get("secondary"):
            found.setdefault("secondary", []).append({"type": family, **address})
        else:
            found.setdefault(family, []).append(address)
    return found


def _inet(entry: Mapping[str, Any], link: Mapping[str, Any]) -> dict[str, Any]:
    # With a peer, "address" is the other end and the prefix is the peer's: ours is one host.
    length = 32 if "address" in entry else entry["prefixlen"]
    return {
        "address": entry["local"],
        "netmask": str(ip_network(f"0.0.0.0/{length}").netmask) if length else "",
        "broadcast": entry.get("broadcast"),
        "label": entry.get("label", link["ifname"]),
    }


def _inet6(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "address": entry["local"],
        "prefixlen": str(entry["prefixlen"]),
        "scope": entry.get("scope"),
    }
