"""
Ask a question and get its answer (what a REQ socket does, on a DEALER).

One question is in flight; others wait their turn. Replies carry nothing that says whose they are,
so after a time-out or a cancellation the socket is closed and a new one opened: a late reply finds
nobody, and a question that was not delivered yet never is.

Source: PROTOCOL.md 2.1: exactly two frames, [b"", payload], both ways.
"""

from collections import deque
from collections.abc import Callable

import zmq
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txsalt.errors import EndpointUnusable, RequestTimedOut
from txsalt.light import define, field
from txsalt.sockets.connection import Connection
from txsalt.sockets.context import SocketContext
from txsalt.sockets.tuning import Tuning


@define(eq=False)
class _Question:
    payload: bytes
    timeout: float
    answer: Deferred[bytes] = field(init=False)
    timer: IDelayedCall | None = None

    def stop_timer(self) -> None:
        if self.timer is not None and self.timer.active():
            self.timer.cancel()


class _Dealer(Connection):
    socketType = zmq.DEALER


class RequestSocket:
    """One connection to a master's request port. ``garbage`` counts replies of a wrong shape."""

    log = Logger()

    def __init__(
        self,
        context: SocketContext,
        endpoint: str,
        clock: IReactorTime,
        *,
        tuning: Tuning | None = None,
    ) -> None:
        """Connect, now or whenever the master is there. Raises EndpointUnusable."""
        self.garbage = 0
        self._context = context
        self._endpoint = endpoint
        self._clock = clock
        self._tuning = tuning or Tuning()
        self._waiting: deque[_Question] = deque()
        self._asked: _Question | None = None
        self._is_closed = False
        self._socket: Connection | None = self._open()

    def request(self, payload: bytes, timeout: float) -> Deferred[bytes]:
        """
        Send a request when its turn comes; fire with the payload of the reply.

        ``timeout`` is seconds from its turn. Fails with RequestTimedOut, or CancelledError when it
        was cancelled or the socket closed.
        """
        question = _Question(payload, timeout)
        question.answer = Deferred(lambda _: self._forget(question))
        if self._is_closed:
            question.answer.cancel()
            return question.answer
        self._waiting.append(question)
        self._ask_next()
        return question.answer

    def close(self) -> None:
        """
        Close; every request that has no answer yet fails with CancelledError. Twice is no error.
        """
        if self._is_closed:
            return
        self._is_closed = True
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        questions = [self._asked] if self._asked is not None else []
        questions += self._waiting
        self._asked = None
        self._waiting.clear()
        for question in questions:
            question.stop_timer()
            question.answer.cancel()

    def _open(self) -> Connection:
        # A socket may still deliver in the turn in which it was given up: its successor is
        # compared.
        def received(parts: list[bytes]) -> None:
            if self._socket is socket:
                self._received(parts)

        on_parts: Callable[[list[bytes]], None] = received
        socket = _Dealer(self._context, on_parts, self._tuning)
        socket.connect(self._endpoint)
        return socket

    def _ask_next(self) -> None:
        if self._asked is not None or not self._waiting or self._is_closed:
            return
        if self._socket is None:
            self._reopen()
        if self._socket is None:
            self._fail_waiting()
            return
        self._asked = question = self._waiting.popleft()
        question.timer = self._clock.callLater(question.timeout, self._timed_out, question)
        self._socket.send_parts([b"", question.payload])

    def _received(self, parts: list[bytes]) -> None:
        if len(parts) != 2 or parts[0] != b"":
            self.garbage += 1
            self.log.warn("a reply of {count} parts was dropped", count=len(parts))
            return
        question, self._asked = self._asked, None
        if question is None:
            self.garbage += 1
            self.log.warn("a reply that nobody asked for was dropped")
            return
        question.stop_timer()
        self._ask_next()
        question.answer.callback(parts[1])

    def _timed_out(self, question: _Question) -> None:
        self._forget(question)
        question.answer.errback(RequestTimedOut(question.timeout))

    def _forget(self, question: _Question) -> None:
        """Take a question out, wherever it is."""
        if question is self._asked:
            question.stop_timer()
            self._asked = None
            self._reopen()
            self._ask_next()
        elif question in self._waiting:
            self._waiting.remove(question)

    def _reopen(self) -> None:
        if self._is_closed:
            return
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()
        try:
            self._socket = self._open()
        except (EndpointUnusable, RuntimeError) as exc:
            # Descriptors ran out, or the context has ended: the next question tries again.
            self.log.error("no connection to {where}: {why}", where=self._endpoint, why=exc)

    def _fail_waiting(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        for question in waiting:
            question.answer.errback(RequestTimedOut(question.timeout))
