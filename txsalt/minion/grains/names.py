"""
Grains of this host's names. Look-ups may hang for as long as the resolver does.
"""

import socket
from collections.abc import Mapping
from typing import Any  # options and grains hold values of any type

from txsalt.minion.grains import netlink


def host_names(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give localhost, fqdn, host, domain, and the addresses that the fqdn resolves to."""
    name = socket.gethostname()
    fqdn = _canonical(name) or "localhost.localdomain"
    host, _, domain = fqdn.partition(".")
    return {
        "localhost": name,
        "fqdn": fqdn,
        "host": host,
        "domain": domain,
        "fqdn_ip4": _resolve(fqdn, socket.AF_INET),
        "fqdn_ip6": _resolve(fqdn, socket.AF_INET6),
    }


def reverse_names(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give fqdns: the names that this host's addresses resolve back to."""
    if not config.get("enable_fqdns_grains"):
        return {"fqdns": []}
    found: set[str] = set()
    for address in netlink.addresses():
        if address.interface == "lo":
            continue
        try:
            name, aliases, _ = socket.gethostbyaddr(address.text)
        except OSError:
            continue  # most addresses have no name
        found.update((name, *aliases))
    return {"fqdns": sorted(each for each in found if each)}


def _canonical(name: str) -> str:
    try:
        answers = socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    except OSError:
        return socket.getfqdn()
    return next((answer[3] for answer in answers if answer[3]), name)


def _resolve(name: str, family: int) -> list[str]:
    try:
        answers = socket.getaddrinfo(name, None, family)
    except OSError:
        return []
    return sorted({str(answer[4][0]) for answer in answers})
