"""
Look at the interfaces and addresses of this machine, and reckon with addresses.

Source: Salt 3008.3, modules/network.py, utils/network.py.
"""

import socket
from ipaddress import ip_address, ip_network
from typing import Any  # users pass numbers, text or lists

from txsalt.modules import _addresses


def interfaces() -> dict[str, dict[str, Any]]:
    """
    Return the interfaces by name: up, hwaddr, inet, inet6, secondary, parent.

    CLI Example: txsalt-cli '*' network.interfaces
    """
    return _addresses.interfaces(__salt__)


def hw_addr(iface: str) -> str:
    """
    Return the hardware address of an interface; of an unknown one, text that says so.

    CLI Example: txsalt-cli '*' network.hw_addr eth0
    """
    found = interfaces()
    return found[iface].get("hwaddr", "") if iface in found else _unknown(iface, found)


def hwaddr(iface: str) -> str:
    """Return the hardware address of an interface, as hw_addr."""
    return hw_addr(iface)


def interface(iface: str) -> list[dict[str, Any]] | str:
    """
    Return the IPv4 addresses of an interface: address, netmask, broadcast, label.

    CLI Example: txsalt-cli '*' network.interface eth0
    """
    found = interfaces()
    return found[iface].get("inet", "") if iface in found else _unknown(iface, found)


def interface_ip(iface: str) -> str:
    """
    Return the first IPv4 address of an interface, "" if it has none.

    CLI Example: txsalt-cli '*' network.interface_ip eth0
    """
    found = interfaces()
    if iface not in found:
        return _unknown(iface, found)
    return next((each["address"] for each in found[iface].get("inet", [])), "")


def ip_addrs(
    interface: Any = None,
    include_loopback: bool = False,
    cidr: str | None = None,
    type: str | None = None,
) -> list[str]:
    """
    Return the IPv4 addresses, sorted.

    ``interface`` are names or patterns; ``cidr`` keeps those in a network, ``type`` ("public" or
    "private") those of a kind.

    CLI Example: txsalt-cli '*' network.ip_addrs cidr=10.0.0.0/8
    """
    found = _addresses.addresses(interfaces(), interface, "inet", include_loopback)
    if cidr:
        return [each for each in found if ip_in_subnet(each, cidr)]
    if type in ("public", "private"):
        return [each for each in found if is_private(each) == (type == "private")]
    return found


def ipaddrs(
    interface: Any = None,
    include_loopback: bool = False,
    cidr: str | None = None,
    type: str | None = None,
) -> list[str]:
    """Return the IPv4 addresses, as ip_addrs."""
    return ip_addrs(interface, include_loopback, cidr, type)


def ip_addrs6(
    interface: Any = None, include_loopback: bool = False, cidr: str | None = None
) -> list[str]:
    """
    Return the IPv6 addresses, sorted.

    CLI Example: txsalt-cli '*' network.ip_addrs6
    """
    found = _addresses.addresses(interfaces(), interface, "inet6", include_loopback)
    return [each for each in found if ip_in_subnet(each, cidr)] if cidr else found


def ipaddrs6(
    interface: Any = None, include_loopback: bool = False, cidr: str | None = None
) -> list[str]:
    """Return the IPv6 addresses, as ip_addrs6."""
    return ip_addrs6(interface, include_loopback, cidr)


def subnets(interfaces: Any = None) -> list[str]:
    """
    Return the IPv4 networks that this machine is in, of all or some interfaces.

    CLI Example: txsalt-cli '*' network.subnets eth1
    """
    return _addresses.subnets(_addresses.interfaces(__salt__), interfaces, "inet")


def subnets6() -> list[str]:
    """
    Return the IPv6 networks that this machine is in.

    CLI Example: txsalt-cli '*' network.subnets6
    """
    return _addresses.subnets(interfaces(), None, "inet6")


def ip_networks(
    interface: Any = None, include_loopback: bool = False, verbose: bool = False
) -> list[str] | dict[str, dict[str, Any]]:
    """
    Return the IPv4 networks; with ``verbose`` address, netmask, num_addresses, prefixlen of each.

    CLI Example: txsalt-cli '*' network.ip_networks interface=docker0
    """
    return _networks("inet", interface, include_loopback, verbose)


def ip_networks6(
    interface: Any = None, include_loopback: bool = False, verbose: bool = False
) -> list[str] | dict[str, dict[str, Any]]:
    """
    Return the IPv6 networks, as ip_networks.

    CLI Example: txsalt-cli '*' network.ip_networks6
    """
    return _networks("inet6", interface, include_loopback, verbose)


def in_subnet(cidr: str) -> bool:
    """
    Tell whether this machine has an address in a network.

    CLI Example: txsalt-cli '*' network.in_subnet 10.0.0.0/16
    """
    found = interfaces()
    families = ("inet", "inet6")
    own = [each for one in families for each in _addresses.addresses(found, None, one, False)]
    return any(ip_in_subnet(each, cidr) for each in own)


def ip_in_subnet(ip_addr: Any, cidr: str) -> bool:
    """
    Tell whether an address, or one of a list, is in a network; False if it is no network.

    CLI Example: txsalt-cli '*' network.ip_in_subnet 172.17.0.4 172.16.0.0/12
    """
    try:
        network = ip_network(cidr)
    except ValueError:
        return False
    given = ip_addr if isinstance(ip_addr, list | tuple) else [ip_addr]
    return any(ip_address(each) in network for each in given)


def ifacestartswith(cidr: str) -> list[str]:
    """
    Return the interfaces that have an IPv4 address which starts with a text.

    CLI Example: txsalt-cli '*' network.ifacestartswith 10.0
    """
    return [
        entry["label"]
        for each in interfaces().values()
        for entry in each.get("inet", [])
        if entry["address"].startswith(str(cidr))
    ]


def calc_net(ip_addr: Any, netmask: Any = None) -> str:
    """
    Return the network that an address with a netmask, or a length behind a slash, is in.

    CLI Example: txsalt-cli '*' network.calc_net 172.17.0.5 255.255.255.240
    """
    return str(ip_network(f"{ip_addr}/{netmask}" if netmask is not None else ip_addr, strict=False))


def convert_cidr(cidr: str) -> dict[str, str]:
    """
    Return network, netmask and broadcast address of a network.

    CLI Example: txsalt-cli '*' network.convert_cidr 172.31.0.0/16
    """
    network = ip_network(cidr, strict=False)
    return {
        "network": str(network.network_address),
        "netmask": str(network.netmask),
        "broadcast": str(network.broadcast_address),
    }


def is_private(ip_addr: str) -> bool:
    """
    Tell whether an address is one of private networks.

    CLI Example: txsalt-cli '*' network.is_private 10.0.0.3
    """
    return ip_address(ip_addr).is_private


def is_loopback(ip_addr: str) -> bool:
    """
    Tell whether an address means the machine itself.

    CLI Example: txsalt-cli '*' network.is_loopback 127.0.0.1
    """
    return ip_address(ip_addr).is_loopback


def reverse_ip(ip_addr: str) -> str:
    """
    Return the name under which an address is looked up in reverse.

    CLI Example: txsalt-cli '*' network.reverse_ip 172.17.0.4
    """
    return ip_address(ip_addr).reverse_pointer


def iphexval(ip: str) -> str:
    """
    Return an IPv4 address as eight hexadecimal digits.

    CLI Example: txsalt-cli '*' network.iphexval 10.0.0.1
    """
    return "".join(f"{int(part):02X}" for part in ip.split("."))


def get_hostname() -> str:
    """
    Return the name of this machine.

    CLI Example: txsalt-cli '*' network.get_hostname
    """
    return socket.gethostname()


def get_fqdn() -> str:
    """
    Return the name of this machine with its domain.

    CLI Example: txsalt-cli '*' network.get_fqdn
    """
    return socket.getfqdn()


def _networks(family: str, interface: Any, include_loopback: bool, verbose: bool) -> Any:
    found = _addresses.networks(interfaces(), interface, family, include_loopback)
    if not verbose:
        return [str(each) for each in found]
    return {
        str(each): {
            "address": str(each.network_address),
            "netmask": str(each.netmask),
            "num_addresses": each.num_addresses,
            "prefixlen": each.prefixlen,
        }
        for each in found
    }


def _unknown(iface: str, found: dict[str, Any]) -> str:
    names = '", "'.join(found)
    return f'Interface "{iface}" not in available interfaces: "{names}"'
