"""
Read the routes, neighbours and TCP connections that the kernel lists in /proc/net.

Source: route(8) for the letters of flags; proc(5); Salt 3008.3, modules/network.py.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from txsalt.modules._proc import read_proc

Route = dict[str, str]

# Bits of the kernel (linux/route.h, linux/ipv6_route.h) and their letters, in order.
_FLAGS = [(0x2, "G"), (0x4, "H"), (0x8, "R"), (0x10, "D"), (0x20, "M")]
_FLAGS6 = [
    (0x2, "G"), (0x4, "H"), (0x10000, "D"), (0x40000, "A"), (0x1000000, "C"),
    (0x20000, "a"), (0x400000, "e"), (0x20, "m"), (0x200000, "n"), (0x2000000, "f"),
]  # fmt: skip
_REJECT = 0x200
_ESTABLISHED = 1


def routes(text: str) -> list[Route]:
    """Read /proc/net/route."""
    found = []
    for words in (line.split() for line in text.splitlines()[1:]):
        flags = int(words[3], 16)
        found.append(
            {
                "addr_family": "inet",
                "destination": _ipv4(words[1]),
                "gateway": _ipv4(words[2]),
                "netmask": _ipv4(words[7]),
                "flags": _letters(flags, _FLAGS),
                "interface": words[0],
            }
        )
    return found


def routes6(text: str) -> list[Route]:
    """Read /proc/net/ipv6_route."""
    found = []
    for words in (line.split() for line in text.splitlines()):
        flags = int(words[8], 16)
        found.append(
            {
                "addr_family": "inet6",
                "destination": f"{_straight_ipv6(words[0])}/{int(words[1], 16)}",
                "gateway": _straight_ipv6(words[4]),
                "netmask": "",
                "flags": _letters(flags, _FLAGS6),
                "interface": words[9],
            }
        )
    return found


def neighbours(text: str) -> dict[str, str]:
    """Read /proc/net/arp: hardware address → address."""
    found = {}
    for words in (line.split() for line in text.splitlines()[1:]):
        found["<incomplete>" if int(words[2], 16) == 0 else words[3]] = words[0]
    return found


def established() -> dict[int, dict[str, str | int]]:
    """Give the TCP connections, numbered: local_addr, local_port, remote_addr, remote_port."""
    found: dict[int, dict[str, str | int]] = {}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for words in (line.split() for line in read_proc(path, missing="").splitlines()[1:]):
            if int(words[3], 16) != _ESTABLISHED:
                continue
            local, remote = words[1].split(":"), words[2].split(":")
            found[len(found)] = {
                "local_addr": _address(local[0]),
                "local_port": int(local[1], 16),
                "remote_addr": _address(remote[0]),
                "remote_port": int(remote[1], 16),
            }
    return found


def is_address(text: str) -> bool:
    """Tell whether a text is an address and not a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _letters(flags: int, table: list[tuple[int, str]]) -> str:
    first = "!" if flags & _REJECT else "U"
    return first + "".join(letter for bit, letter in table if flags & bit)


def _ipv4(digits: str) -> str:
    # The kernel prints the bytes as one number of this machine's byte order.
    return str(IPv4Address(socket.ntohl(int(digits, 16))))


def _straight_ipv6(digits: str) -> str:
    return str(IPv6Address(bytes.fromhex(digits)))


def _address(digits: str) -> str:
    if len(digits) == 8:
        return _ipv4(digits)
    words = [socket.ntohl(int(digits[at : at + 8], 16)) for at in range(0, 32, 8)]
    address = IPv6Address(b"".join(word.to_bytes(4, "big") for word in words))
    return str(address.ipv4_mapped or address)
