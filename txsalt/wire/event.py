"""
Frames of the local event buses: the tag, two line feeds, msgpack of a map with bin types.

Source: PROTOCOL section 13.3, without the outer map that stock tools use.
"""

from typing import Any  # event data is any msgpack value

from txsalt.errors import BadEnvelope
from txsalt.wire import names, serial

_GAP = b"\n\n"


def write_event(tag: str, data: dict[str, Any]) -> bytes:
    """Return the frame of one event."""
    return tag.encode() + _GAP + serial.pack_bin(data)


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
