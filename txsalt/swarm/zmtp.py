"""
ZMTP 3.0 for a client with the NULL mechanism: greeting, READY, frames, PONG.

A socket library has queues, a thread and two descriptors for each socket; thousands of virtual
minions want one descriptor each, and to know when the last byte came.

Source: ZMTP 3.0 (RFC 23/ZMTP); PROTOCOL section 2.1.
"""

from attrs import frozen

from txsalt.errors import BadEnvelope
from txsalt.wire import serial

MAX_FRAME_BYTES = serial.MAX_BYTES
_MORE, _LONG, _COMMAND = 1, 2, 4
_GREETING_BYTES = 64
GREETING = b"".join((b"\xff", bytes(8), b"\x7f", b"\x03\x00", b"NULL".ljust(20, b"\0"), bytes(32)))


@frozen
class Command:
    """A command of the peer's, such as READY or PING."""

    name: bytes
    body: bytes


Message = list[bytes]


def hello(socket_type: bytes) -> bytes:
    """
    Return what a client says first: greeting and READY.

    It must say no more until the peer is READY too: libzmq takes what comes before that as part
    of the handshake, and closes.
    """
    kind = b"\x0bSocket-Type" + len(socket_type).to_bytes(4, "big") + socket_type
    return GREETING + command(b"READY", kind)


def subscribe(topic: bytes) -> bytes:
    """Return the bytes that subscribe to a topic."""
    return frames([b"\x01" + topic])


def unsubscribe(topic: bytes) -> bytes:
    """Return the bytes that give a topic up."""
    return frames([b"\x00" + topic])


def command(name: bytes, body: bytes) -> bytes:
    """Return the bytes of a command."""
    content = bytes([len(name)]) + name + body
    return bytes([_COMMAND, len(content)]) + content


def pong(ping: Command) -> bytes:
    """Return the answer to a PING: its context, without the time to live."""
    return command(b"PONG", ping.body[2:])


def frames(parts: Message) -> bytes:
    """Return the bytes of one message."""
    pieces = []
    for number, part in enumerate(parts, 1):
        flags = _MORE if number < len(parts) else 0
        if len(part) > 255:
            pieces += [bytes([flags | _LONG]), len(part).to_bytes(8, "big"), part]
        else:
            pieces += [bytes([flags, len(part)]), part]
    return b"".join(pieces)


class Decoder:
    """Cuts what a peer sends into messages and commands."""

    def __init__(self) -> None:
        self._buffer = b""
        self._parts: Message = []
        self._greeted = False

    def feed(self, data: bytes) -> list[Message | Command]:
        """
        Take bytes in and return what is complete.

        Raises BadEnvelope for a peer that does not speak ZMTP 3 with NULL, or a frame too long.
        """
        buffer = self._buffer + data if self._buffer else data
        at = 0
        if not self._greeted:
            if len(buffer) < _GREETING_BYTES:
                self._buffer = buffer
                return []
            _check_greeting(buffer)
            self._greeted, at = True, _GREETING_BYTES
        found: list[Message | Command] = []
        while (header := _header(buffer, at)) is not None:
            flags, start, end = header
            if end > len(buffer):
                break
            at = end
            body = buffer[start:end]
            if flags & _COMMAND:
                found.append(_command(body))
                continue
            self._parts.append(body)
            if not flags & _MORE:
                found.append(self._parts)
                self._parts = []
        self._buffer = buffer[at:]
        return found


def _header(buffer: bytes, at: int) -> tuple[int, int, int] | None:
    if len(buffer) < at + 2:
        return None
    flags = buffer[at]
    if not flags & _LONG:
        return flags, at + 2, at + 2 + buffer[at + 1]
    if len(buffer) < at + 9:
        return None
    length = int.from_bytes(buffer[at + 1 : at + 9], "big")
    if length > MAX_FRAME_BYTES:
        raise BadEnvelope("a frame that is too long")
    return flags, at + 9, at + 9 + length


def _check_greeting(buffer: bytes) -> None:
    if buffer[0] != 0xFF or not buffer[9] & 1 or buffer[10] < 3:
        raise BadEnvelope("the peer does not speak ZMTP 3")
    if buffer[12:32].rstrip(b"\0") != b"NULL":
        raise BadEnvelope("the peer asks for another security mechanism than NULL")


def _command(body: bytes) -> Command:
    size = body[0] if body else 0
    name, rest = body[1 : 1 + size], body[1 + size :]
    if name == b"ERROR":
        raise BadEnvelope("the peer refused the connection")
    return Command(name, rest)
