"""
Hand requests to one worker and take its replies (DEALER, binds; the worker's connects).

Each worker has a socket of its own: behind a shared one, requests queued at a worker that dies
vanish without a word.
"""

from collections.abc import Callable, Sequence

import zmq

from txsalt.sockets import parts
from txsalt.sockets.connection import Connection
from txsalt.sockets.context import SocketContext
from txsalt.sockets.tuning import Tuning

RUN = 64  # replies that are taken at a time


def _nothing() -> None:
    """Nobody asked to be called."""


class DealerSocket(Connection):
    """
    A DEALER that binds for one worker.

    When the worker ends, call ``drop_unsent()`` before its requests are given to another: what
    waits here would go to the successor as well.
    """

    socketType = zmq.DEALER

    def __init__(
        self,
        context: SocketContext,
        endpoint: str,
        on_reply: Callable[[list[bytes]], None],
        *,
        on_turn: Callable[[], None] = _nothing,
        mode: int = 0o600,
    ) -> None:
        """
        Bind; ``on_reply`` gets the parts that came, wherever a message ends; ``on_turn`` is called
        after some came.

        Raises EndpointUnusable.
        """
        self._on_turn = on_turn
        super().__init__(context, on_reply, Tuning(mode=mode))
        self.bind(endpoint)

    def send(self, message: Sequence[bytes]) -> None:
        """Send a message, or queue it until the worker is there. Raises QueueFull."""
        self.send_parts(message)

    def _receive(self) -> list[bytes]:
        return parts.receive_run(self.socket, RUN)

    def _turn_over(self) -> None:
        self._on_turn()
