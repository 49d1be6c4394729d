"""
Filters of templates for addresses and networks. None of them asks the network.

Source: Salt 3008.3, utils/network.py.
"""

import ipaddress
import secrets
from collections.abc import Callable, Mapping
from typing import Any  # values of templates are of any type

_MOST_HOSTS = 65_536
_TRAITS = {
    "global": "is_global", "public": "is_global",
    "link-local": "is_link_local", "linklocal": "is_link_local", "link_local": "is_link_local",
    "ll": "is_link_local", "loopback": "is_loopback", "lo": "is_loopback",
    "multicast": "is_multicast", "private": "is_private", "reserved": "is_reserved",
    "site-local": "is_site_local", "site_local": "is_site_local", "sl": "is_site_local",
    "unspecified": "is_unspecified",
}  # fmt: skip


def _address(value: Any, options: str | None = None) -> Any:
    """Read an address or an address with its network; None if it is none, or not as wanted."""
    for kind in (ipaddress.ip_address, ipaddress.ip_interface):
        try:
            found = kind(value)
        except ValueError:
            continue
        wanted = [_TRAITS.get(each.strip()) for each in (options or "").split(",")]
        return found if all(_has(found, each) for each in wanted if each) else None
    return None


def _has(address: Any, trait: str) -> bool:
    if trait == "is_global":
        return not address.is_private
    return bool(getattr(address, trait, False))


def _is(version: int) -> Callable[..., bool]:
    return lambda value, options=None: getattr(_address(value, options), "version", 0) == version


def _only(*versions: int) -> Callable[..., Any]:
    def keep(value: Any, options: str | None = None) -> Any:
        if isinstance(value, str | bytes):
            found = _address(value, options)
            return str(found) if found is not None and found.version in versions else None
        if not isinstance(value, list | tuple):
            return None
        read = [_address(each, options) for each in value]
        # Those of the first version come first.
        return [str(one) for version in versions for one in read if one and one.version == version]

    return keep


def _for_each(work: Callable[[str], Any]) -> Callable[..., Any]:
    def do(value: Any, options: str | None = None, version: int | None = None) -> Any:
        versions = (version,) if version else (4, 6)
        found = _only(*versions)(value, options)
        if not found:
            return None
        return [work(each) for each in found] if isinstance(found, list) else work(found)

    return do


def _hosts(text: str) -> list[str]:
    network = ipaddress.ip_network(text, strict=False)
    if network.num_addresses > _MOST_HOSTS:
        raise ValueError(f"{network} has more than {_MOST_HOSTS} addresses")
    return [str(each) for each in network.hosts()]


def _within(values: Any, networks: list[str] | None) -> Any:
    if networks is None:
        return values
    wanted = [ipaddress.ip_network(each) for each in networks]

    def keep(addresses: list[str]) -> list[str]:
        return [one for one in addresses for net in wanted if ipaddress.ip_address(one) in net]

    if isinstance(values, Mapping):
        return {name: keep(addresses) for name, addresses in values.items()}
    return keep(values)


def _wrapped(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_wrapped(each) for each in value]
    return f"[{value}]" if _is(6)(value) else value


def _mac(prefix: str = "AC:DE:48") -> str:
    return ":".join([prefix, *(f"{secrets.randbelow(256):02X}" for _ in range(3))])


def _mac_bytes(text: str) -> bytes:
    plain = text.replace(text[2], "") if len(text) == 17 else text
    if len(plain) != 12:
        raise ValueError(f"{text!r} is no MAC address")
    return bytes.fromhex(plain)


FILTERS: dict[str, Callable[..., Any]] = {
    "is_ip": lambda value, options=None: _address(value, options) is not None,
    "is_ipv4": _is(4),
    "is_ipv6": _is(6),
    "ipv4": _only(4),
    "ipv6": _only(6),
    "ipaddr": _only(4, 6),
    "ip_host": _for_each(lambda each: str(ipaddress.ip_interface(each))),
    "network_hosts": _for_each(_hosts),
    "network_size": _for_each(lambda each: ipaddress.ip_network(each, strict=False).num_addresses),
    "filter_by_networks": _within,
    "ipwrap": _wrapped,
    "gen_mac": _mac,
    "mac_str_to_bytes": _mac_bytes,
}
