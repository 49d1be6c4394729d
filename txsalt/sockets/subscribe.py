"""
Receive publications (SUB, connects), and tell when the publisher comes and goes.

Nothing published while the publisher was away arrives later; the owner hears "connected" again and
may ask for what it missed.
"""

from collections.abc import Callable, Sequence

import zmq

from txsalt.sockets.connection import Connection
from txsalt.sockets.context import SocketContext
from txsalt.sockets.monitor import Monitor
from txsalt.sockets.tuning import Tuning


class SubscribeSocket(Connection):
    """A SUB that connects and connects again for as long as it is open."""

    socketType = zmq.SUB

    def __init__(
        self,
        context: SocketContext,
        endpoint: str,
        topics: Sequence[bytes],
        on_message: Callable[[list[bytes]], None],
        on_state: Callable[[str], None],
        *,
        tuning: Tuning | None = None,
    ) -> None:
        """
        Subscribe to each prefix in ``topics`` (b"" is everything).

        ``on_message`` gets all frames of each message; ``on_state`` "connected" or "disconnected",
        each time it changes, and "connected" first. Raises EndpointUnusable.
        """
        self._monitor: Monitor | None = None
        super().__init__(context, on_message, tuning or Tuning())
        for topic in topics:
            self.socket.set(zmq.SUBSCRIBE, topic)
        self._monitor = Monitor(context, self, on_state)
        self.connect(endpoint)

    def announce(self, topic: bytes) -> None:
        """Show a topic to the publisher, without effect on what comes."""
        if self.socket is not None:
            self.socket.set(zmq.SUBSCRIBE, topic)
            self.socket.set(zmq.UNSUBSCRIBE, topic)
            self._wake()  # setting options eats wake-ups

    def shutdown(self) -> None:
        """Close the monitor, then the socket."""
        if self._monitor is not None:
            self._monitor.shutdown()
        super().shutdown()
