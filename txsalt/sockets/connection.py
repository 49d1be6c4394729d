"""
The one subclass of txZMQ's connection that every socket of the house is made of.

What it adds: options before the endpoint, a bounded batch for each turn of the reactor, messages
that ZeroMQ does not take at once wait in a queue of ours, multipart messages are sent whole or not
at all, and closing twice is allowed.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import zmq
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from txzmq import ZmqConnection, ZmqEndpoint, ZmqEndpointType

from txsalt.errors import EndpointUnusable, QueueFull
from txsalt.sockets import ipc, parts
from txsalt.sockets.context import SocketContext
from txsalt.sockets.tuning import Tuning, options

# Plain ints: pyzmq's enums cost a microsecond at each use.
_EVENTS = int(zmq.EVENTS)
_POLLIN = int(zmq.POLLIN)
_POLLOUT = int(zmq.POLLOUT)

BATCH = 64  # messages read, and as many sent, in one turn of the reactor
QUEUE_LIMIT = 10_000  # messages that may wait for a peer


class Connection(ZmqConnection):
    """
    A ZeroMQ socket in the reactor. A subclass gives ``socketType`` and its callback.

    Set a subclass's own attributes before calling this constructor: a message may arrive within it.
    """

    log = Logger()
    read_scheduled: IDelayedCall | None

    def __init__(
        self,
        context: SocketContext,
        on_parts: Callable[[list[bytes]], None],
        tuning: Tuning,
    ) -> None:
        """Make the socket, still without an endpoint; ``on_parts`` gets each message whole."""
        self._on_parts = on_parts
        self._tuning = tuning
        self._unsent: deque[Sequence[bytes]] = deque()
        self._address = ""
        try:
            super().__init__(context.factory)
        except zmq.ZMQError as exc:
            raise EndpointUnusable("a new socket", zmq.strerror(exc.errno or 0)) from exc

    def bind(self, endpoint: str) -> None:
        """
        Listen at an endpoint; an ipc file gets the mode of the tuning.

        Raises EndpointUnusable, and then the socket is closed.
        """
        if endpoint.startswith(ipc.PREFIX):
            try:
                with ipc.claimed(endpoint, self._tuning.mode):
                    self._attach(ZmqEndpointType.bind, endpoint)
            except EndpointUnusable:
                self.shutdown()
                raise
        else:
            self._attach(ZmqEndpointType.bind, endpoint)

    def connect(self, endpoint: str) -> None:
        """
        Connect, now or whenever the peer is there. Raises EndpointUnusable for a malformed one.
        """
        self._attach(ZmqEndpointType.connect, endpoint)

    @property
    def port(self) -> int:
        """The TCP port that is bound, also where the endpoint said ``*``."""
        address = self.socket.get(zmq.LAST_ENDPOINT).rstrip(b"\0").decode("ascii")
        return int(address.rpartition(":")[2])

    @property
    def closed(self) -> bool:
        """Whether the socket was closed, by its owner or with the context."""
        return self.socket is None

    def close(self) -> None:
        """Close the socket; what waits unsent is dropped. Twice is no error."""
        self.shutdown()

    def send_parts(self, message: Sequence[bytes]) -> None:
        """
        Send a multipart message, or queue it until the peer takes it. Without effect once closed.

        Raises QueueFull when QUEUE_LIMIT messages wait, TypeError for a part that is not bytes.
        """
        self.send_all((message,))

    def send_all(self, messages: Iterable[Sequence[bytes]]) -> None:
        """Send several messages, as ``send_parts`` does with each, for less."""
        if self.socket is None:
            return
        for message in messages:
            if self._unsent:
                self._enqueue(message)
                continue
            try:
                parts.send(self.socket, message)
            except zmq.Again:
                self._enqueue(message)
        # Sending eats wake-ups for what came meanwhile. To ask at once costs a tenth of a turn.
        if self._unsent or parts.get(self.socket, _EVENTS) & _POLLIN:
            self._wake()

    def drop_unsent(self) -> int:
        """Forget the messages that no peer has taken yet; give their number."""
        count = len(self._unsent)
        self._unsent.clear()
        return count

    def shutdown(self) -> None:
        """Close the socket (txZMQ's name for it)."""
        if self.socket is not None:
            super().shutdown()

    def doRead(self) -> None:
        """
        Send what waits and deliver what came, at most BATCH of each, then let others have a turn.
        """
        if self.read_scheduled is not None:
            call, self.read_scheduled = self.read_scheduled, None
            if call.active():
                call.cancel()
        for _ in range(BATCH):
            if self.socket is None or not self._work():
                break
        else:
            # The descriptor is edge-triggered: nothing else would bring us back to the rest.
            self._wake()
        try:
            self._turn_over()
        except Exception:
            # Out of here the reactor would drop the reader for good.
            self.log.failure("after messages at {address}", address=self._address)

    def messageReceived(self, message: list[bytes]) -> None:
        """Give one message to the owner; what its callback raises is logged and ends there."""
        try:
            self._on_parts(message)
        except Exception:
            self.log.failure("while handling a message at {address}", address=self._address)

    def _turn_over(self) -> None:
        """What was there is delivered, or BATCH of it; for subclasses."""

    def _work(self) -> bool:
        """Send one and receive one; False when there was nothing to do."""
        # EVENTS first, each time round. Only it processes libzmq's commands unconditionally: a send
        # tried first may fail and the wake-up is then lost. And a recv() that is not allowed (PUB)
        # would raise out of doRead, whereupon the reactor drops the reader for good.
        events = parts.get(self.socket, _EVENTS)
        sending = bool(self._unsent) and bool(events & _POLLOUT)
        if sending:
            self._send_waiting()
        if not events & _POLLIN:
            return sending
        try:
            message = self._receive()
        except zmq.Again:
            return True
        self.messageReceived(message)
        return True

    def _receive(self) -> list[bytes]:
        return parts.receive(self.socket)

    def _send_waiting(self) -> None:
        try:
            parts.send(self.socket, self._unsent[0])
        except zmq.Again:
            return
        self._unsent.popleft()

    def _enqueue(self, message: Sequence[bytes]) -> None:
        if len(self._unsent) >= QUEUE_LIMIT:
            raise QueueFull(self._address, QUEUE_LIMIT)
        for part in message:
            memoryview(part)  # a part of a wrong type must raise here, not from the reactor later
        self._unsent.append(message)

    def _wake(self) -> None:
        if self.read_scheduled is None and self.socket is not None:
            self.read_scheduled = self.factory.reactor.callLater(0, self.doRead)

    def _attach(self, how: str, address: str) -> None:
        self._address = address
        try:
            for option, value in options(address, self._tuning):
                self.socket.set(option, value)
            self.addEndpoints([ZmqEndpoint(how, address)])
        except zmq.ZMQError as exc:
            # Closed at once: a socket that stays open lets the context hang when it ends.
            self.shutdown()
            # Not its own text, which names the address once more.
            raise EndpointUnusable(address, zmq.strerror(exc.errno or 0)) from exc
        self._wake()  # bind() and connect() eat wake-ups
