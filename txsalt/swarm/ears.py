"""
Subscriptions: one connection for all minions, or a real one for each.

Source: PROTOCOL sections 2.1 and 2.2.
"""

from collections import Counter, deque
from collections.abc import Callable

from txsalt.protocol.publication import announcement_of, topics_of
from txsalt.swarm import zmtp
from txsalt.swarm.connection import Address, Connection
from txsalt.swarm.loop import Loop
from txsalt.swarm.minions import Minion

# A listener's queue of new connections is short; those that find it full wait for a second.
_OPENING = 64
_RETRY_SECONDS = 0.2

OnMessage = Callable[[Minion | None, list[bytes]], None]


class Ears:
    """Hears for some minions; ``None`` as the minion of a message means all of them."""

    def __init__(
        self,
        loop: Loop,
        address: Address,
        owners: list[Minion | None],
        on_message: OnMessage,
        *,
        topics: bool,
    ) -> None:
        """``topics``: subscribe as minions of ours do, to what is for them; else to everything."""
        self.lost: Counter[str] = Counter()  # reasons of lost connections, and of vain attempts
        self._loop = loop
        self._address = address
        self._on_message = on_message
        self._topics = topics
        self._closed = False
        self._wanted = len(owners)
        self._waiting = deque(owners)
        self._opening: set[Connection] = set()
        self._up: set[Connection] = set()
        self._pump()

    @property
    def up(self) -> int:
        """How many connections are made."""
        return len(self._up)

    def all_up(self) -> bool:
        """Tell whether every connection is made."""
        return self.up == self._wanted

    def close(self) -> None:
        """End all connections."""
        self._closed = True
        for connection in (*self._up, *self._opening):
            connection.close()

    def _pump(self) -> None:
        while self._waiting and len(self._opening) < _OPENING and not self._closed:
            self._open(self._waiting.popleft())

    def _open(self, owner: Minion | None) -> None:
        def is_up() -> None:
            self._opening.discard(connection)
            self._up.add(connection)
            self._pump()

        def is_lost(reason: str) -> None:
            self.lost[reason] += 1
            self._opening.discard(connection)
            self._up.discard(connection)
            self._waiting.append(owner)
            self._loop.later(_RETRY_SECONDS, self._pump)

        connection = Connection(
            self._loop,
            self._address,
            b"SUB",
            lambda parts: self._on_message(owner, parts),
            is_lost,
            is_up,
        )
        for topic in self._topics_of(owner):
            connection.send_bytes(zmtp.subscribe(topic))
        if owner is not None and self._topics:
            announcement = announcement_of(owner.facts.id)
            connection.send_bytes(zmtp.subscribe(announcement) + zmtp.unsubscribe(announcement))
        self._opening.add(connection)

    def _topics_of(self, owner: Minion | None) -> tuple[bytes, ...]:
        if owner is None or not self._topics:
            return (b"",)
        return topics_of(owner.facts.id, filtered=False)
