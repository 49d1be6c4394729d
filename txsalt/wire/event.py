"""
Frames of the local event buses: the tag, two line feeds, msgpack of a map with bin types.

Source: PROTOCOL section 13.3, without the outer map that stock tools use.
"""

from typing import Any  # event data is any msgpack value

from txsalt.errors import BadEnvelope
from txsalt.wire import names, serial

# Stands for a value that was too large for the bus; a stored return has it whole.
TRIMMED = "VALUE_TRIMMED"

_GAP = b"\n\n"
_STAMP_FIELD = b"\xa6_stamp"


def write_event(tag: str, data: dict[str, Any]) -> bytes:
    """Return the frame of one event."""
    return tag.encode() + _GAP + serial.pack_bin(data)


def write_packed_event(tag: str, packed_map: bytes) -> bytes:
    """Return the frame of an event whose data are packed already."""
    return b"".join((tag.encode(), _GAP, packed_map))


def with_field(packed_map: bytes, name: str, value: Any) -> bytes:
    """Return a packed map with one field more, which it must not have. Raises BadEnvelope."""
    return b"".join((_one_more(packed_map), serial.pack_bin(name), serial.pack_bin(value)))


def read_event(frame: bytes, max_bytes: int = serial.MAX_BYTES) -> tuple[str, dict[str, Any]]:
    """
    Return tag and data of a frame.

    Raises BadEnvelope without a gap or with data that is no map, BadName for the tag, BadEncoding.
    """
    head, gap, body = frame.partition(_GAP)
    if not gap:
        raise BadEnvelope("an event without the gap after its tag")
    tag = names.tag(serial.to_text(head))
    data = serial.unpack_bin(body, max_bytes=max_bytes)
    if not isinstance(data, dict):
        raise BadEnvelope("event data is not a map")
    return tag, data


def stamp(frame: bytes, iso_time: str) -> bytes:
    """
    Return the frame with ``_stamp`` set in its data.

    The field is appended to the packed map without unpacking it, unless there is one to replace.
    Raises as
    ``read_event`` does, but does not look into the data further than it must.
    """
    head, gap, body = frame.partition(_GAP)
    if not gap or not body:
        raise BadEnvelope("an event without the gap after its tag")
    names.tag(serial.to_text(head))
    if _STAMP_FIELD in body:
        tag, data = read_event(frame)
        return write_event(tag, {**data, "_stamp": iso_time})
    return b"".join((head, gap, _one_more(body), _STAMP_FIELD, serial.pack_bin(iso_time)))


def _one_more(packed_map: bytes) -> bytes:
    # The header of a msgpack map: fixmap 80..8f, map 16 de, map 32 df.
    first = packed_map[0]
    if 0x80 <= first < 0x8F:
        return bytes([first + 1]) + packed_map[1:]
    if first == 0x8F:
        return b"\xde\x00\x10" + packed_map[1:]
    size = {0xDE: 2, 0xDF: 4}.get(first, 0)
    count = int.from_bytes(packed_map[1 : 1 + size], "big") + 1
    if not size or count >> (8 * size):
        raise BadEnvelope("event data is not a map, or a full one")
    return packed_map[:1] + count.to_bytes(size, "big") + packed_map[1 + size :]
