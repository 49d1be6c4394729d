"""
Carry frames one way: PULL binds and collects, PUSH connects and waits with its messages if need be.
"""

from collections.abc import Callable

import zmq
from twisted.logger import Logger

from txsalt.sockets import parts
from txsalt.sockets.connection import Connection
from txsalt.sockets.context import SocketContext
from txsalt.sockets.tuning import UNLIMITED, Tuning

_LINGER_MS = 250
RUN = 64  # frames that are taken at a time


class PullSocket(Connection):
    """
    A PULL that binds. ``garbage`` counts the messages of more frames than are due: dropped.
    """

    log = Logger()
    socketType = zmq.PULL

    def __init__(
        self,
        context: SocketContext,
        endpoint: str,
        on_message: Callable[[bytes], None],
        *,
        max_message: int = UNLIMITED,
        mode: int = 0o600,
    ) -> None:
        """
        Bind; ``on_message`` gets each message's one frame. Raises EndpointUnusable.
        """
        self.garbage = 0
        self._on_message = on_message
        super().__init__(context, self._received, Tuning(max_message=max_message, mode=mode))
        self.bind(endpoint)

    def _received(self, message: list[bytes]) -> None:
        if len(message) == 1:
            self._on_message(message[0])
            return
        self.garbage += 1
        self.log.warn("{count} frames where one was due were dropped", count=len(message))


class RunSocket(Connection):
    """A PULL that binds, for messages whose frames mean the same alone."""

    socketType = zmq.PULL

    def __init__(
        self,
        context: SocketContext,
        endpoint: str,
        on_frames: Callable[[list[bytes]], None],
        *,
        mode: int = 0o600,
    ) -> None:
        """
        Bind; ``on_frames`` gets the frames that are there, in order. Raises EndpointUnusable.
        """
        super().__init__(context, on_frames, Tuning(mode=mode))
        self.bind(endpoint)

    def _receive(self) -> list[bytes]:
        return parts.receive_run(self.socket, RUN)


class PushSocket(Connection):
    """A PUSH that connects."""

    socketType = zmq.PUSH

    def __init__(self, context: SocketContext, endpoint: str) -> None:
        """Connect, now or whenever the collector is there."""
        super().__init__(context, _ignore, Tuning(linger_ms=_LINGER_MS))
        self.connect(endpoint)

    def send(self, message: bytes) -> None:
        """Send one frame, or queue it until it can leave. Raises QueueFull."""
        self.send_parts([message])


def _ignore(message: list[bytes]) -> None:
    """A PUSH receives nothing."""
