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
    head, rest = _one_more(packed_map)
    return b"".join((head, packed_map[rest:], serial.pack_bin(name), serial.pack_bin(value)))


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


class Stamp:
    """The time of some events, packed once."""

    def __init__(self, iso_time: str) -> None:
        self._iso_time = iso_time
        self._field = _STAMP_FIELD + serial.pack_bin(iso_time)

    def put(self, frame: bytes) -> bytes:
        """
        Return the frame with ``_stamp`` set in its data.

        The field is appended to the packed map without unpacking it, unless there is one to
        replace. Raises as ``read_event`` does, but does not look into the data further than it
        must.
        """
        gap = frame.find(_GAP)
        body = gap + len(_GAP)
        if gap < 0 or body == len(frame):
            raise BadEnvelope("an event without the gap after its tag")
        names.tag(serial.to_text(frame[:gap]))
        if frame.find(_STAMP_FIELD, body) >= 0:
            tag, data = read_event(frame)
            return write_event(tag, {**data, "_stamp": self._iso_time})
        head, rest = _one_more(frame, body)
        return b"".join((frame[:body], head, frame[rest:], self._field))


def stamp(frame: bytes, iso_time: str) -> bytes:
    """Return one frame with its ``_stamp`` set; see ``Stamp``."""
    return Stamp(iso_time).put(frame)


def _one_more(packed: bytes, at: int = 0) -> tuple[bytes, int]:
    """Return the header of a map with one field more than that at ``at``, and where that ends."""
    # The header of a msgpack map: fixmap 80..8f, map 16 de, map 32 df.
    first = packed[at]
    if 0x80 <= first < 0x8F:
        return bytes((first + 1,)), at + 1
    if first == 0x8F:
        return b"\xde\x00\x10", at + 1
    size = {0xDE: 2, 0xDF: 4}.get(first, 0)
    end = at + 1 + size
    count = int.from_bytes(packed[at + 1 : end], "big") + 1
    if not size or count >> (8 * size) or len(packed) < end:
        raise BadEnvelope("event data is not a map, or a full one")
    return packed[at : at + 1] + count.to_bytes(size, "big"), end
