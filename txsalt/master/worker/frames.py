"""
Send and receive messages of many frames, without pyzmq's conveniences at each frame.

Its enums and keyword arguments cost more than libzmq does, and a worker moves two frames a return.
"""

from collections.abc import Sequence
from typing import Any  # pyzmq's own classes are not typed below its sugar

import zmq
from zmq.backend import Socket as _Plain

_NOBLOCK, _MORE = int(zmq.NOBLOCK), int(zmq.SNDMORE)
_RCVMORE = int(zmq.RCVMORE)

# Methods of the class below pyzmq's own, which adds the conveniences.
_send: Any = _Plain.send
_receive: Any = _Plain.recv
_get: Any = _Plain.get


def send(socket: "zmq.Socket[bytes]", message: Sequence[bytes]) -> None:
    """Send a message of at least one frame, all of them bytes; sockets here have no limit."""
    for frame in message[:-1]:
        _send(socket, frame, _MORE)
    _send(socket, message[-1], 0)


def receive(socket: "zmq.Socket[bytes]") -> list[bytes]:
    """Receive a message. Raises zmq.Again if there is none."""
    message = [_receive(socket, _NOBLOCK)]
    while _get(socket, _RCVMORE):
        message.append(_receive(socket, _NOBLOCK))
    return message
