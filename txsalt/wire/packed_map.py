"""
Take entries out of packed maps without unpacking the rest of them.

Where few entries of many large maps are wanted (one grain of ten thousand minions) this takes a
fifth of the time and none of the memory.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any  # keys are any msgpack value

import msgpack

from txsalt.errors import BadEncoding
from txsalt.wire import serial

EMPTY = b"\x80"


def entries(packed: bytes) -> Iterator[tuple[bytes, bytes]]:
    """
    Yield the key of each entry of a packed map, and the entry, both packed.

    An entry is its key and its value. Raises BadEncoding.
    """
    reader = msgpack.Unpacker()
    skip, tell = reader.skip, reader.tell
    try:
        reader.feed(packed)
        count, start = reader.read_map_header(), tell()
        for _ in range(count):
            skip()
            middle = tell()
            skip()
            end = tell()
            yield packed[start:middle], packed[start:end]
            start = end
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise BadEncoding(type(exc).__name__) from exc


def joined(parts: Sequence[bytes]) -> bytes:
    """Return the packed map of some packed entries."""
    if len(parts) < 16:
        return b"%c%s" % (EMPTY[0] + len(parts), b"".join(parts))
    return msgpack.Packer().pack_map_header(len(parts)) + b"".join(parts)


def picker(keys: Collection[Any]) -> Callable[[bytes], bytes]:
    """
    Return a function from a packed map to one of the entries alone whose keys are in ``keys``.

    The maps are what ``serial.pack_bin`` made; there are at most 15 keys. The function raises
    BadEncoding.
    """
    signs = [serial.pack_bin(key) for key in keys]
    # A number or a boolean is packed in a byte, which occurs everywhere.
    may_sift = all(isinstance(key, str) for key in keys)

    def pick(packed: bytes) -> bytes:
        if may_sift and not any(sign in packed for sign in signs):
            return EMPTY
        return _picked(packed, keys)

    return pick


def _picked(packed: bytes, keys: Collection[Any]) -> bytes:
    reader = msgpack.Unpacker(raw=False, strict_map_key=False, unicode_errors="surrogateescape")
    found = []
    try:
        reader.feed(packed)
        for _ in range(reader.read_map_header()):
            start = reader.tell()
            key = reader.unpack()
            reader.skip()
            if key in keys:
                found.append(packed[start : reader.tell()])
                if len(found) == len(keys):
                    break
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise BadEncoding(type(exc).__name__) from exc
    return joined(found)
