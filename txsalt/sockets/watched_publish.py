"""
Publish to all who subscribed, and see who does: the public port of a master.

XPUB is PUB plus sight of the subscriptions: the first subscription to a topic is told, with the
connection that it came by. So a topic that only one peer subscribes to says whose that connection
is; of other peers only addresses are seen. Ends of subscriptions are not looked at: libzmq searches
all of them for each peer that goes, and a connection's end is told anyway.

What is told here proves nothing: anybody who reaches the port can subscribe to anything.

With several threads in the context one of them accepts a connection and another serves it already:
on a busy machine what came by a connection, and even its end, may be there before libzmq's report
that it has come. So either waits for that, for a moment.
"""

import os
import socket
import time
from collections.abc import Callable

import zmq
from attrs import frozen
from zmq.utils.monitor import parse_monitor_message

from txsalt.sockets.connection import Connection
from txsalt.sockets.context import SocketContext
from txsalt.sockets.publish import PublishSocket
from txsalt.sockets.tuning import Tuning

_NOBLOCK = int(zmq.NOBLOCK)
_UP = int(zmq.EVENT_ACCEPTED)  # the handshake has no descriptor
_DOWN = int(zmq.EVENT_DISCONNECTED)
_SOURCE = 2  # ZMQ_SRCFD: the descriptor by which a message came
_SUBSCRIBE = b"\x01"
_ADDRESS = "inproc://publish-monitor-{}"
_LATE_SECONDS = 2.0  # by which a report may come after what it has to come before
_MOST_EARLY = 64  # subscriptions of one connection that wait


@frozen(kw_only=True)
class Watcher:
    """
    Who is told.

    ``connected(connection, address)``, with a number that is that connection's for as long as it
    lasts and "" for an unknown address, ``disconnected(connection)``; in between
    ``subscribed(topic, connection)``.
    """

    connected: Callable[[int, str], None]
    disconnected: Callable[[int], None]
    subscribed: Callable[[bytes, int], None]


class WatchedPublishSocket(PublishSocket):
    """An XPUB that binds for the public; ``send(frames)`` and ``port`` as those of a PUB."""

    socketType = zmq.XPUB

    def __init__(
        self, context: SocketContext, endpoint: str, watcher: Watcher, *, hwm: int = 1000
    ) -> None:
        """Bind; ``hwm`` messages wait for a slow subscriber. Raises EndpointUnusable."""
        self._watcher = watcher
        self._from = -1
        self._home = context
        self._monitor: _Monitor | None = None
        super().__init__(context, endpoint, hwm=hwm)

    def shutdown(self) -> None:
        """Close the monitor, then the socket."""
        if self._monitor is not None:
            self._monitor.shutdown()
        super().shutdown()

    def bind(self, endpoint: str) -> None:
        """Watch from before the first peer can come."""
        self._on_parts = self._subscription
        self._monitor = _Monitor(self._home, self, self._watcher)
        super().bind(endpoint)

    def _receive(self) -> list[bytes]:
        frames = self.socket.recv_multipart(_NOBLOCK, copy=False)
        self._from = _connection_of(frames[0])
        return [frame.bytes for frame in frames]

    def _subscription(self, parts: list[bytes]) -> None:
        # Peers may also send messages of their own upwards: these start with neither.
        if len(parts) != 1 or parts[0][:1] != _SUBSCRIBE or self._monitor is None:
            return
        self._monitor.subscribed(parts[0][1:], self._from)


class _Monitor(Connection):
    """Reads libzmq's reports about connections; see ``sockets/monitor.py`` for the order."""

    socketType = zmq.PAIR

    def __init__(self, context: SocketContext, watched: Connection, watcher: Watcher) -> None:
        self._watched = watched.socket
        self._watcher = watcher
        self._connections: set[int] = set()  # libzmq's descriptors
        # Of connections whose coming is not reported yet: subscriptions, and when the first came;
        # and when one ended.
        self._early: dict[int, tuple[float, list[bytes]]] = {}
        self._over: dict[int, float] = {}
        super().__init__(context, self._reported, Tuning(receive_hwm=0, send_hwm=0))
        address = _ADDRESS.format(id(self))
        self._watched.monitor(address, _UP + _DOWN)
        self.connect(address)

    def subscribed(self, topic: bytes, connection: int) -> None:
        """Tell a subscription, as soon as its connection was told."""
        # The number may have been another connection's; the report that says so came before.
        self._catch_up()
        if connection in self._connections:
            self._watcher.subscribed(topic, connection)
        elif connection >= 0:
            _, topics = self._early.setdefault(connection, (time.monotonic(), []))
            if len(topics) < _MOST_EARLY:
                topics.append(topic)

    def _catch_up(self) -> None:
        while not self.closed:
            try:
                report = self._receive()
            except zmq.Again:
                break
            self.messageReceived(report)
        # Receiving eats wake-ups, for what comes from now on as well.
        self._wake()

    def shutdown(self) -> None:
        """End the reports, then close."""
        if not self.closed and not self._watched.closed:
            self._watched.disable_monitor()
        super().shutdown()

    def _reported(self, parts: list[bytes]) -> None:
        report = parse_monitor_message(parts)
        descriptor = int(report["value"])
        if int(report["event"]) == _UP:
            self._come(descriptor)
            return
        self._early.pop(descriptor, None)
        if descriptor in self._connections:
            self._connections.discard(descriptor)
            self._watcher.disconnected(descriptor)
        else:
            self._over[descriptor] = time.monotonic()

    def _come(self, descriptor: int) -> None:
        now = time.monotonic()
        since, topics = self._early.pop(descriptor, (now, []))
        if now - self._over.pop(descriptor, -_LATE_SECONDS) < _LATE_SECONDS:
            return  # and gone
        self._connections.add(descriptor)
        self._watcher.connected(descriptor, _address_at(descriptor))
        # What waited longer was the last word of one that is gone.
        for topic in topics if now - since < _LATE_SECONDS else ():
            self._watcher.subscribed(topic, descriptor)


def _connection_of(frame: zmq.Frame) -> int:
    try:
        return int(frame.get(_SOURCE))
    except zmq.ZMQError:
        return -1  # libzmq's own word on a connection that is gone


def _address_at(descriptor: int) -> str:
    try:
        # Ours to look at, not to keep: libzmq may close its own at any time.
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            name = copy.getpeername()
    except OSError:
        return ""  # gone already
    # Gone already as well, if the number stands for a socket of another kind by now.
    return plain_address(name[0]) if isinstance(name, tuple) else ""


def plain_address(address: str) -> str:
    """Return an address without the prefix of IPv4 in IPv6."""
    return address.removeprefix("::ffff:")
