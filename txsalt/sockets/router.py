"""
Answer requests on a public port (ROUTER).

Interactions: a peer sends [b"", payload]; ROUTER puts the peer's hop before it, proxies on the way
may have put theirs. All of that is the return route: kept opaque, and sent back before the reply.

Source: ZMTP request-reply envelope; PROTOCOL.md 2.1.
"""

from collections.abc import Callable, Iterable

import zmq

from txsalt.errors import BadEnvelope
from txsalt.sockets.connection import Connection
from txsalt.sockets.context import SocketContext
from txsalt.sockets.tuning import Tuning

MAX_MESSAGE = 64 * 1024 * 1024
_LINGER_MS = 250  # the last replies leave before the door closes


def split_route(parts: list[bytes]) -> tuple[list[bytes], bytes]:
    """
    Split ROUTER parts into return route and payload.

    ``parts`` is [hop, …, b"", payload]; the route keeps every hop up to and including the empty
    part. Raises BadEnvelope if there is no empty part after the first hop, or not exactly one part
    after it.
    """
    # The first hop is ROUTER's own and cannot be a delimiter.
    try:
        end = parts.index(b"", 1) + 1
    except ValueError:
        raise BadEnvelope("no empty part") from None
    if len(parts) != end + 1:
        raise BadEnvelope(f"{len(parts) - end} parts after the empty one")
    return parts[:end], parts[end]


class RouterSocket(Connection):
    """A ROUTER that binds. ``garbage`` counts the messages that were no requests."""

    socketType = zmq.ROUTER

    def __init__(
        self,
        context: SocketContext,
        endpoint: str,
        on_request: Callable[[list[bytes], bytes], None],
        *,
        max_message: int = MAX_MESSAGE,
        on_garbage: Callable[[str], None] | None = None,
        on_turn: Callable[[], None] | None = None,
    ) -> None:
        """
        Bind; ``on_request`` gets (route, payload), ``on_garbage`` a reason for each other message.
        ``on_turn`` is called after some came.

        A frame over ``max_message`` bytes ends its sender's connection. Raises EndpointUnusable.
        """
        self.garbage = 0
        self._on_request = on_request
        self._on_garbage = on_garbage
        self._on_turn = on_turn
        tuning = Tuning(max_message=max_message, linger_ms=_LINGER_MS, heartbeat=False)
        super().__init__(context, self._received, tuning)
        # Minions of some lines reuse their routing id: without this a reconnecting one is locked
        # out.
        self.socket.set(zmq.ROUTER_HANDOVER, 1)
        self.bind(endpoint)

    def reply(self, route: list[bytes], payload: bytes) -> None:
        """Send a reply along the route of its request; dropped if the peer has gone."""
        self.send_parts([*route, payload])

    def reply_all(self, replies: Iterable[tuple[list[bytes], bytes]]) -> None:
        """Send several replies, each with its route."""
        self.send_all([*route, payload] for route, payload in replies)

    def _turn_over(self) -> None:
        if self._on_turn is not None:
            self._on_turn()

    def _received(self, parts: list[bytes]) -> None:
        try:
            route, payload = split_route(parts)
        except BadEnvelope as exc:
            self.garbage += 1
            if self._on_garbage is not None:
                self._on_garbage(exc.reason)
            return
        self._on_request(route, payload)
