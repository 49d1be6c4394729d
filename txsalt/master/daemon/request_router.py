"""
Route requests from 4506 to the workers and their replies back.

Interactions: minions and local tools send a request and wait; the router queues it, hands it to
a worker, and sends the reply along the return route. What came in one turn of the reactor goes to
a worker in one message, a frame for each request; it answers with as many frames in the same
order, in one message or several, so the return routes stay here. The payload is not unpacked: the
end of it, where a minion names itself, says which worker may know that minion already. A worker
that dies loses nothing but the request in its hand, which is answered "bad load": it may have had
its effect already, and a stock minion repeats it by itself.

A router that is stopped answers until nothing more comes: a stock minion waits for a lost answer
to its time-out.

Source: PROTOCOL sections 2.1 and 18.
"""

import os
from collections.abc import Callable
from typing import Any, NamedTuple  # IReactorTime, which mypy cannot see through zope

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from txsalt.protocol.assignment import Assignment
from txsalt.sockets.context import SocketContext
from txsalt.sockets.dealer import DealerSocket
from txsalt.sockets.router import RouterSocket
from txsalt.wire import envelope, serial

_REFUSED = serial.pack(envelope.BAD_LOAD)
# The last replies of a worker that died may still be on their way to us.
_LAST_WORDS_SECONDS = 0.05
# At a stop. What peers have sent takes a moment through ZeroMQ's thread to us.
_QUIET_SECONDS = 0.02
_SERVE_SECONDS = 1.0  # those who go on asking for longer are refused
_STOP_SECONDS = 5.0


# The field is the last but two of a sealed request, and the second of a sign-in's load.
_NAME = b"\xa2id"
_NAME_WITHIN = 360  # bytes from the end, or from the beginning
_SIGN_IN = b"\xa5_auth"
_PUBLISH, _PUBLISH_WITHIN = b"\xa3cmd\xa7publish", 100
_FIXSTR, _FIXSTR_END = 0xA0, 0x20  # msgpack: a text shorter than 32 bytes, its length included
_LONG_NAME = 35  # bytes of a longer one that are looked at, with its header


class _Request(NamedTuple):
    route: list[bytes]
    payload: bytes


class RequestRouter(Service):
    """The door of the master, the queue behind it, and one socket for each worker."""

    log = Logger()
    name = "request router"

    def __init__(
        self,
        context: SocketContext,
        endpoint: str,
        lane_endpoint: Callable[[int], str],
        reactor: Any,
    ) -> None:
        """``lane_endpoint`` gives the address of the socket for a worker's number."""
        homes = len(os.sched_getaffinity(0))
        self._context = context
        self._endpoint = endpoint
        self._lane_endpoint = lane_endpoint
        self._reactor = reactor
        self._assignment: Assignment[_Request] = Assignment(
            homes, joins=_is_publish, size_of=_size_of
        )
        self._lanes: dict[int, DealerSocket] = {}
        self._burials: dict[int, Any] = {}  # delayed calls, by worker
        self._door: RouterSocket | None = None
        self._closing = False
        self.suspects = 0
        self.refused = 0

    @property
    def port(self) -> int:
        """The port that the door is bound to. Raises RuntimeError while it is closed."""
        if self._door is None:
            raise RuntimeError("the door is closed")
        return self._door.port

    @property
    def arrivals(self) -> int:
        """How many requests came since the start."""
        return self._assignment.arrivals

    def in_hand(self) -> dict[int, object]:
        """Return the request that each busy worker works at, by worker."""
        return dict(self._assignment.in_hand())

    def startService(self) -> None:
        """Open the door."""
        super().startService()
        self._closing = False
        self._door = RouterSocket(
            self._context,
            self._endpoint,
            self._arrived,
            on_garbage=self._garbage,
            on_turn=self._send,
        )

    async def _stop(self) -> None:
        if self._door is not None:
            await self._drain()
            self._door.close()
            self._door = None
        for burial in self._burials.values():
            burial.cancel()
        self._burials.clear()
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()

    async def _drain(self) -> None:
        # To unbind first would end the connections that are there: libzmq's listener owns them.
        began, arrivals = self._reactor.seconds(), -1
        while self._busy or arrivals != self.arrivals:
            waited = self._reactor.seconds() - began
            if waited > _STOP_SECONDS:
                break
            self._closing = waited > _SERVE_SECONDS
            arrivals = self.arrivals
            await deferLater(self._reactor, _QUIET_SECONDS)

    @property
    def _busy(self) -> bool:
        return bool(self._assignment.waiting or self._assignment.outstanding)

    def stopService(self) -> "Deferred[None]":
        """Answer until nothing more comes, for a second at most, then close the door."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def open_lane(self, worker: int) -> None:
        """Bind the socket of a worker and its successors, before the first looks for it."""
        self._lanes[worker] = DealerSocket(
            self._context,
            self._lane_endpoint(worker),
            lambda parts: self._answered(worker, parts),
            on_turn=self._send,
        )

    def worker_ready(self, worker: int) -> None:
        """A worker is connected to its socket."""
        burial = self._burials.get(worker)
        if burial is not None and burial.active():
            burial.cancel()
            self._bury(worker)
        self._assignment.ready(worker, self._reactor.seconds())
        self._send()

    def worker_gone(self, worker: int) -> None:
        """A worker ended; its last replies are waited for, then its requests go elsewhere."""
        self._assignment.resting(worker)
        self._burials[worker] = self._reactor.callLater(_LAST_WORDS_SECONDS, self._bury, worker)

    def _bury(self, worker: int) -> None:
        self._burials.pop(worker, None)
        gone = self._assignment.gone(worker)
        if worker in self._lanes:
            self._lanes[worker].drop_unsent()
        if gone.in_hand is not None:
            self.suspects += 1
            self.log.warn(
                "worker {worker} ended with a request of {size} bytes in its hand; it is refused,"
                " {queued} others go to another worker",
                worker=worker,
                size=len(gone.in_hand.payload),
                queued=gone.queued,
            )
            self._reply(gone.in_hand.route, _REFUSED)
        self._send()

    def _arrived(self, route: list[bytes], payload: bytes) -> None:
        request, now = _Request(route, payload), self._reactor.seconds()
        if self._closing or not self._assignment.arrived(request, now, _kin_of(payload)):
            self.refused += 1
            self._reply(route, _REFUSED)

    def _garbage(self, reason: str) -> None:
        self.log.debug("a message on the request port was dropped: {reason}", reason=reason)

    def _answered(self, worker: int, replies: list[bytes]) -> None:
        now = self._reactor.seconds()
        routed = []
        for reply in replies:
            request = self._assignment.answered(worker, now)
            if request is None:
                self.log.warn("worker {worker} answered nothing that was asked", worker=worker)
                break
            routed.append((request.route, reply))
        if self._door is not None:
            self._door.reply_all(routed)

    def _reply(self, route: list[bytes], payload: bytes) -> None:
        if self._door is not None:
            self._door.reply(route, payload)

    def _send(self) -> None:
        if self._assignment.waiting and self._lanes:
            for worker, requests in self._assignment.assign(self._reactor.seconds()).items():
                self._lanes[worker].send([request.payload for request in requests])


def _size_of(request: _Request) -> int:
    return len(request.payload)


def _is_publish(request: _Request) -> bool:
    # A guess as well: whoever forges it waits for others of a kind that it is not.
    return _PUBLISH in request.payload[:_PUBLISH_WITHIN]


def _kin_of(payload: bytes) -> int | None:
    """
    Return the same number for all requests of a minion; None for a request of somebody else.

    A guess, without unpacking: whoever forges it only chooses a worker.
    """
    at = payload.rfind(_NAME, -_NAME_WITHIN)
    if at < 0:
        if _SIGN_IN not in payload[:_NAME_WITHIN]:
            return None
        at = payload.find(_NAME, 0, _NAME_WITHIN)
    start = at + len(_NAME)
    if at < 0 or start >= len(payload):
        return None
    size = payload[start] - _FIXSTR
    if 0 < size < _FIXSTR_END:
        return hash(payload[start + 1 : start + 1 + size])
    return hash(payload[start : start + _LONG_NAME])
