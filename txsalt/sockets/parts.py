"""
Send and receive multipart messages, without pyzmq's conveniences at each frame.

Its enums and keyword arguments cost more than libzmq does; these two are a third of the price.
"""

from collections.abc import Sequence
from typing import Any

import zmq
from zmq.backend import Socket as _Plain

NOBLOCK = int(zmq.NOBLOCK)
_NOBLOCK_MORE = NOBLOCK | int(zmq.SNDMORE)

# Methods of the class below pyzmq's own, which adds the conveniences.
_send: Any = _Plain.send
_receive: Any = _Plain.recv
_get: Any = _Plain.get


def get(socket: "zmq.Socket[bytes]", option: int) -> int:
    """Return an option that is a number."""
    return int(_get(socket, option))


def send(socket: "zmq.Socket[bytes]", message: Sequence[bytes]) -> None:
    """
    Send a message whole or not at all.

    Raises zmq.Again if no peer takes it now, TypeError for a part that is not bytes.
    """
    for part in message:
        if type(part) is not bytes:
            # Parts that were sent before it would be glued to the front of the next message.
            memoryview(part)
    for part in message[:-1]:
        _send(socket, part, _NOBLOCK_MORE)
    _send(socket, message[-1], NOBLOCK)


def receive(socket: "zmq.Socket[bytes]") -> list[bytes]:
    """Receive a message. Raises zmq.Again if there is none."""
    # A frame knows whether there is more; to ask the socket costs twice as much.
    frame = _receive(socket, NOBLOCK, False)
    parts = [frame.bytes]
    while frame.more:
        frame = _receive(socket, NOBLOCK, False)
        parts.append(frame.bytes)
    return parts


def receive_run(socket: "zmq.Socket[bytes]", most: int) -> list[bytes]:
    """
    Receive the parts of all messages that are there, at most ``most`` of them, at least one.

    For sockets where a message only bundles what could come alone: nobody asks where one ends.
    Raises zmq.Again if there is none.
    """
    parts = [_receive(socket, NOBLOCK)]
    try:
        for _ in range(most - 1):
            parts.append(_receive(socket, NOBLOCK))
    except zmq.Again:
        pass
    return parts
