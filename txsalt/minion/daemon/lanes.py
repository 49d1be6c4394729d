"""
The connections to a master's request port: one question in flight on each.

Returns and events share a lane; the pillar has its own, because a master may take long to make one;
a sign-in opens a third for itself, so that it never waits behind a question that is not answered.
"""

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from txsalt.errors import RequestTimedOut

RETURNS, PILLAR, SIGN_IN = "returns", "pillar", "sign-in"


class Asker(Protocol):
    """What a lane needs of a RequestSocket."""

    def request(self, payload: bytes, timeout: float) -> Deferred[bytes]:
        """Ask; fails with RequestTimedOut or CancelledError."""

    def close(self) -> None:
        """Let go."""


class Lanes:
    """Opens sockets when they are needed, towards where the master is now."""

    def __init__(self, open_socket: Callable[[str], Asker]) -> None:
        """``open_socket`` gets an endpoint."""
        self._open_socket = open_socket
        self._endpoint = ""
        self._sockets: dict[str, Asker] = {}

    def point_at(self, endpoint: str) -> None:
        """Turn to ``endpoint``; questions that are under way elsewhere are given up."""
        if endpoint != self._endpoint:
            self.close()
            self._endpoint = endpoint

    def ask(self, lane: str, payload: bytes, timeout: float) -> Deferred[bytes]:
        """
        Ask on ``lane``; call only after ``point_at``. Raises EndpointUnusable.

        Fails with RequestTimedOut, also when the lane was closed.
        """
        if lane not in self._sockets:
            self._sockets[lane] = self._open_socket(self._endpoint)
        socket = self._sockets[lane]

        def closed(failure: Failure) -> Failure:
            # Given up by the lane, not by who asked: to them it is a question without an answer.
            if failure.check(CancelledError) and self._sockets.get(lane) is not socket:
                return Failure(RequestTimedOut(timeout))
            return failure

        return socket.request(payload, timeout).addErrback(closed)

    def drop(self, lane: str) -> None:
        """Close one lane until it is needed again."""
        socket = self._sockets.pop(lane, None)
        if socket is not None:
            socket.close()

    def close(self) -> None:
        """Close all lanes; what is under way fails with RequestTimedOut."""
        for lane in list(self._sockets):
            self.drop(lane)
