"""
Ask the kernel for all addresses of all interfaces, without running a program.

Source: rtnetlink(7), RTM_GETADDR.
"""

import socket
import struct
from collections.abc import Iterator

from attrs import frozen

_GET_ADDRESSES = 22
_NEW_ADDRESS = 20
_DONE = 3
_ERROR = 2
_REQUEST_DUMP = 0x301
_LOCAL, _ADDRESS = 2, 1
_HEADER = struct.Struct("=IHHII")
_BODY = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")


@frozen
class Address:
    """One address; ``version`` is 4 or 6."""

    interface: str
    version: int
    text: str


def addresses() -> list[Address]:
    """List the addresses in the kernel's order. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.settimeout(2)
        body = _BODY.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        link.send(
            _HEADER.pack(_HEADER.size + len(body), _GET_ADDRESSES, _REQUEST_DUMP, 1, 0) + body
        )
        found: list[Address] = []
        while True:
            for kind, message in _messages(link.recv(1 << 16)):
                if kind == _DONE:
                    return found
                if kind == _ERROR:
                    raise OSError("the kernel refused to list the addresses")
                if kind == _NEW_ADDRESS and (address := _read(message)) is not None:
                    found.append(address)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, _, _, _ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[_aligned(length) :]


def _read(message: bytes) -> Address | None:
    family, _, _, _, index = _BODY.unpack_from(message)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    attributes = dict(_attributes(message[_BODY.size :]))
    # On point to point links ADDRESS is the other end; LOCAL is ours, where it is given.
    raw = attributes.get(_LOCAL) or attributes.get(_ADDRESS)
    if raw is None:
        return None
    try:
        name = socket.if_indextoname(index)
    except OSError:
        return None  # it went away meanwhile
    return Address(name, 4 if family == socket.AF_INET else 6, socket.inet_ntop(family, raw))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3
