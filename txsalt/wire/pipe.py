"""
Frame the messages between a daemon and its programs (descriptors 3 and 4).

Interactions: both ends are ours and of one version; a frame is four bytes of length, big-endian,
then msgpack with bin types of a map whose key ``kind`` says what it is (docs/architecture.md has
the table). The peer is still checked: a program may have run code that wrote nonsense where a frame
was due.
"""

from collections.abc import Mapping

import msgpack

from txsalt.errors import BadEncoding
from txsalt.wire import serial

HEADER_BYTES = 4
DEFAULT_LIMIT = 256 * 1024 * 1024

# Text that came from a command may hold half characters; they must survive the way there and back.
_TEXT_ERRORS = "surrogatepass"


def encode(message: Mapping[str, object]) -> bytes:
    """
    Make one frame of a message.

    Raises BadEncoding for a message without a text ``kind``, or with a value that msgpack cannot
    say.
    """
    if not isinstance(message.get("kind"), str):
        raise BadEncoding("a message needs a kind")
    try:
        body = msgpack.packb(
            dict(message), use_bin_type=True, default=serial.extend, unicode_errors=_TEXT_ERRORS
        )
    except (TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise BadEncoding(str(exc)) from exc
    if len(body) > 0xFFFFFFFF:
        raise BadEncoding("the message is longer than 4 GiB")
    return len(body).to_bytes(HEADER_BYTES, "big") + body


class Decoder:
    """Collect bytes in any portions and give back whole messages."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        """``limit`` is the longest body accepted, in bytes; it is judged by the header alone."""
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict]:
        """
        Take the next bytes; give the messages that are complete now, in order.

        Raises BadEncoding on a body that is too long, unreadable or no message. The stream has no
        way to find its feet again after that: the owner ends the peer.
        """
        self._buffer += data
        messages = []
        start = 0
        while (end := self._end_of_frame(start)) is not None:
            messages.append(_decode(memoryview(self._buffer)[start + HEADER_BYTES : end]))
            start = end
        if start:
            del self._buffer[:start]
        return messages

    def _end_of_frame(self, start: int) -> int | None:
        have = len(self._buffer)
        if have - start < HEADER_BYTES:
            return None
        length = int.from_bytes(self._buffer[start : start + HEADER_BYTES], "big")
        if length > self._limit:
            raise BadEncoding(f"a frame of {length} bytes, the limit is {self._limit}")
        end = start + HEADER_BYTES + length
        return end if end <= have else None


def _decode(body: memoryview) -> dict:
    try:
        message = msgpack.unpackb(
            body,
            raw=False,
            strict_map_key=False,
            ext_hook=serial.read_extension,
            unicode_errors=_TEXT_ERRORS,
        )
    except (ValueError, TypeError, RecursionError, OverflowError, msgpack.UnpackException) as exc:
        raise BadEncoding(f"{type(exc).__name__}: {exc}") from exc
    finally:
        body.release()  # else the buffer could not shrink
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise BadEncoding("a frame that is no map with a kind")
    return message
