"""
Requests over many connections: one in flight on each, a window over all of them.

A reply carries nothing in clear that tells which request it answers, so a connection asks one
question at a time. One that stays without an answer is closed and made anew.

Source: PROTOCOL section 2.1.
"""

from collections import deque
from collections.abc import Callable

from attrs import define, frozen

from txsalt.swarm.connection import Address, Connection
from txsalt.swarm.loop import Loop

_SWEEP_SECONDS = 0.25
_RETRY_SECONDS = 0.2

# Called with the reply and the seconds that it took; None if none came in time.
OnReply = Callable[[bytes | None, float], None]


@frozen
class Question:
    """A request that is made when its turn has come, since making it costs time too."""

    make: Callable[[], bytes]
    on_reply: OnReply


@define
class _Lane:
    connection: Connection | None = None
    question: Question | None = None
    asked: float = 0.0


class Lanes:
    """Takes questions, and asks as many at once as there are connections."""

    def __init__(
        self, loop: Loop, address: Address, *, connections: int, window: int, timeout: float
    ) -> None:
        """``window``: requests under way at most; ``timeout``: seconds until one is given up."""
        self.timeouts = 0
        self.unanswered = 0  # those given up, and those whose connection was lost
        self.lost: dict[str, int] = {}  # reasons of lost connections
        self._loop = loop
        self._address = address
        self._timeout = timeout
        self._window = min(window, connections)
        self._waiting: deque[Question] = deque()
        self._lanes = [_Lane() for _ in range(connections)]
        self._free: deque[_Lane] = deque()
        self._under_way = 0
        self._closed = False
        for lane in self._lanes:
            self._open(lane)
        loop.later(_SWEEP_SECONDS, self._sweep)

    @property
    def busy(self) -> int:
        """How many questions wait for a lane or for an answer."""
        return len(self._waiting) + self._under_way

    def all_up(self) -> bool:
        """Tell whether every connection is made."""
        return all(lane.connection is not None and lane.connection.is_up for lane in self._lanes)

    def ask(self, make: Callable[[], bytes], on_reply: OnReply) -> None:
        """Ask as soon as a lane is free."""
        self._waiting.append(Question(make, on_reply))
        self._pump()

    def drop_waiting(self) -> None:
        """Forget the questions that were not asked yet; nobody hears of them again."""
        self._waiting.clear()

    def close(self) -> None:
        """End all connections; who waits hears nothing."""
        self._closed = True
        for lane in self._lanes:
            if lane.connection is not None:
                lane.connection.close()

    def _open(self, lane: _Lane) -> None:
        if self._closed:
            return
        lane.connection = Connection(
            self._loop,
            self._address,
            b"DEALER",
            lambda parts: self._answered(lane, parts),
            lambda reason: self._lost(lane, reason),
        )
        self._free.append(lane)
        self._pump()

    def _pump(self) -> None:
        while self._waiting and self._free and self._under_way < self._window:
            lane = self._free.popleft()
            question = self._waiting.popleft()
            assert lane.connection is not None
            payload = question.make()
            lane.question, lane.asked = question, self._loop.clock()
            self._under_way += 1
            lane.connection.send([b"", payload])

    def _answered(self, lane: _Lane, parts: list[bytes]) -> None:
        question = lane.question
        if question is None:
            return  # an answer to nothing
        lane.question = None
        self._under_way -= 1
        self._free.append(lane)
        reply = parts[-1] if len(parts) == 2 and not parts[0] else b""
        question.on_reply(reply, self._loop.clock() - lane.asked)
        self._pump()

    def _lost(self, lane: _Lane, reason: str) -> None:
        self.lost[reason] = self.lost.get(reason, 0) + 1
        question, lane.question, lane.connection = lane.question, None, None
        if question is None:
            self._free.remove(lane)
        else:
            self._under_way -= 1
            self.unanswered += 1
            question.on_reply(None, self._loop.clock() - lane.asked)
        self._loop.later(_RETRY_SECONDS, lambda: self._open(lane))

    def _sweep(self) -> None:
        if self._closed:
            return
        now = self._loop.clock()
        for lane in self._lanes:
            if lane.question is not None and now - lane.asked > self._timeout:
                self._give_up(lane, now)
        self._loop.later(_SWEEP_SECONDS, self._sweep)

    def _give_up(self, lane: _Lane, now: float) -> None:
        self.timeouts += 1
        self.unanswered += 1
        self._under_way -= 1
        question, lane.question = lane.question, None
        assert question is not None and lane.connection is not None
        lane.connection.close()
        self._open(lane)
        question.on_reply(None, now - lane.asked)
