"""
Publish to all who subscribed: PUB on the public port, XPUB on the local event buses.

A subscriber that does not read loses messages beyond the high-water mark, and costs no one else
anything. XPUB is PUB plus sight of the subscriptions, by which a subscriber can learn that it is
live.
"""

from collections.abc import Callable, Iterable, Sequence

import zmq

from txsalt.sockets.connection import Connection
from txsalt.sockets.context import SocketContext
from txsalt.sockets.tuning import Tuning

_LINGER_MS = 250
_SUBSCRIBE = b"\x01"
# Peers of a publisher only ever send subscriptions.
_MAX_SUBSCRIPTION = 64 * 1024


class PublishSocket(Connection):
    """A PUB that binds; ``send(frames)`` and ``port``."""

    socketType = zmq.PUB

    def __init__(
        self, context: SocketContext, endpoint: str, *, hwm: int = 1000, mode: int = 0o600
    ) -> None:
        """Bind; ``hwm`` messages wait for a slow subscriber. Raises EndpointUnusable."""
        tuning = Tuning(
            send_hwm=hwm,
            max_message=_MAX_SUBSCRIPTION,
            linger_ms=_LINGER_MS,
            heartbeat=False,
            mode=mode,
        )
        super().__init__(context, _ignore, tuning)
        self.bind(endpoint)

    def send(self, message: Sequence[bytes]) -> None:
        """Publish one message of one or two frames; with two, the first is the topic."""
        self.send_parts(message)


class EventPublishSocket(Connection):
    """An XPUB that binds for one local event bus."""

    socketType = zmq.XPUB

    def __init__(
        self,
        context: SocketContext,
        endpoint: str,
        on_subscription: Callable[[bytes], None],
        *,
        hwm: int = 1000,
        mode: int = 0o660,
    ) -> None:
        """
        Bind; ``on_subscription`` gets each tag prefix that is new to the bus.

        What is sent from within ``on_subscription`` reaches the subscriber. Raises
        EndpointUnusable.
        """
        self._on_subscription = on_subscription
        tuning = Tuning(send_hwm=hwm, max_message=_MAX_SUBSCRIPTION, mode=mode)
        super().__init__(context, self._received, tuning)
        self.bind(endpoint)

    def send(self, message: bytes) -> None:
        """Publish one event, as the one frame that it is on a bus."""
        self.send_parts([message])

    def send_events(self, events: Iterable[bytes]) -> None:
        """Publish several events."""
        self.send_all((each,) for each in events)

    def _received(self, parts: list[bytes]) -> None:
        # Peers may also send messages of their own upwards; only subscriptions start with 1.
        if len(parts) == 1 and parts[0][:1] == _SUBSCRIBE:
            self._on_subscription(parts[0][1:])


def _ignore(parts: list[bytes]) -> None:
    """A PUB receives nothing."""
