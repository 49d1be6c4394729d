"""
Keep a number of equal programs alive.

Each place in the pool has an index and a life of its own (protocol/child_life). A program gets its
hello message when it starts, and counts as usable when it has said ``ready``.
"""

import random
from collections.abc import Callable, Mapping

from attrs import Factory, define, frozen
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txsalt.process.ending import end_program
from txsalt.process.interfaces import IProcessReactor, Program
from txsalt.process.spawn import ExitStatus
from txsalt.protocol.child_life import ChildLife, Spawn

_DRAIN = {"kind": "drain"}


@frozen(kw_only=True)
class PoolEvents:
    """
    What the owner of a pool hears.

    ``on_gone`` follows each start, also of a program that was never ready; its successor comes
    later.
    """

    on_ready: Callable[[int, Program], None]
    on_message: Callable[[int, dict], None]  # every message but ``ready``
    on_gone: Callable[[int, ExitStatus], None]


# (index, what to call with each message) → the program; raises OSError if it cannot be started
Spawner = Callable[[int, Callable[[dict], None]], Program]


@define
class _Place:
    index: int
    life: ChildLife = Factory(ChildLife)
    child: Program | None = None
    timer: IDelayedCall | None = None


class ProgramPool:
    """``size`` programs."""

    log = Logger()

    def __init__(
        self,
        reactor: IProcessReactor,
        spawn: Spawner,
        size: int,
        hello: Callable[[int], Mapping[str, object]],
        events: PoolEvents,
    ) -> None:
        """``hello`` makes the first message for the program at an index; starts nothing yet."""
        self._reactor = reactor
        self._spawner = spawn
        self._hello = hello
        self._events = events
        self._places = [_Place(index) for index in range(size)]

    def start(self) -> None:
        """Start all programs; an index is its place from 0."""
        for place in self._places:
            self._plan(place, place.life.start())

    def child(self, index: int) -> Program | None:
        """The program at a place now, ready or not; None between two."""
        return self._places[index].child

    def broadcast(self, message: Mapping[str, object]) -> None:
        """Send a message to every program that runs now."""
        for place in self._places:
            if place.child is not None:
                place.child.send(message)

    def stop(self, grace: float) -> Deferred[None]:
        """
        End all: a drain message, after ``grace`` seconds end of input, then TERM, then KILL.

        Fires when no program and no timer is left. Starts nothing again; twice is no error.
        """
        endings = []
        for place in self._places:
            place.life.stop()
            if place.timer is not None and place.timer.active():
                place.timer.cancel()
            if place.child is not None:
                endings.append(end_program(place.child, self._reactor, drain=_DRAIN, grace=grace))
        return gatherResults(endings).addCallback(lambda _: None)

    def _plan(self, place: _Place, spawn: Spawn) -> None:
        if spawn.delay:
            place.timer = self._reactor.callLater(spawn.delay, self._spawn, place)
        else:
            self._spawn(place)

    def _spawn(self, place: _Place) -> None:
        index = place.index
        try:
            child = self._spawner(index, lambda message: self._received(place, message))
        except OSError:
            self.log.failure("program {index} not started", index=index)
            self._after(place)
            return
        place.child = child
        place.life.started(self._reactor.seconds())
        child.ended.addCallback(self._ended, place)
        child.send(self._hello(index))

    def _received(self, place: _Place, message: dict) -> None:
        if message["kind"] == "ready" and place.child is not None:
            self._events.on_ready(place.index, place.child)
        else:
            self._events.on_message(place.index, message)

    def _ended(self, status: ExitStatus, place: _Place) -> ExitStatus:
        place.child = None
        try:
            self._events.on_gone(place.index, status)
        except Exception:
            self.log.failure("while handling the end of program {index}", index=place.index)
        self._after(place)
        return status

    def _after(self, place: _Place) -> None:
        now = self._reactor.seconds()
        jitter = random.random()  # noqa: S311 - spreads restarts, guards nothing
        decision = place.life.ended(now, jitter)
        if not isinstance(decision, Spawn):
            return
        # Never from within the end of its predecessor: a program that ends at once would recurse.
        place.timer = self._reactor.callLater(decision.delay, self._spawn, place)
