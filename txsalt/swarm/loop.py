"""
One epoll loop with timers: all that a process with one deed needs.

Nothing here blocks but ``run``, which waits for sockets and for the next timer.
"""

import heapq
import itertools
import select
import time
from collections.abc import Callable
from typing import Protocol

IDLE_SECONDS = 0.25  # how long ``run`` sleeps at most before it looks at ``done`` again


class Watched(Protocol):
    """Something with a descriptor."""

    def fileno(self) -> int:
        """Return the descriptor."""
        ...

    def ready(self, events: int) -> None:
        """Read or write; ``events`` are those of epoll."""
        ...


class Loop:
    """Waits for descriptors and moments, and calls who asked for them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._epoll = select.epoll()
        self._watched: dict[int, Watched] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._idle: list[Callable[[], bool]] = []

    def watch(self, item: Watched, events: int) -> None:
        """Call ``item.ready`` for these events, in place of those asked for earlier."""
        number = item.fileno()
        if number in self._watched:
            self._epoll.modify(number, events)
        else:
            self._epoll.register(number, events)
        self._watched[number] = item

    def forget(self, item: Watched) -> None:
        """Watch an item no more; do it before its descriptor is closed."""
        if self._watched.pop(item.fileno(), None) is not None:
            self._epoll.unregister(item.fileno())

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call once, after ``seconds``."""
        heapq.heappush(self._timers, (self.clock() + seconds, next(self._count), call))

    def when_idle(self, work: Callable[[], bool]) -> None:
        """Call ``work`` when nothing else is to do; it does a little, and tells if more is left."""
        self._idle.append(work)

    def run(self, done: Callable[[], bool]) -> None:
        """Run until ``done()``; it is asked after each turn."""
        while not done():
            self._turn()

    def finish_idle_work(self) -> None:
        """Do now what waits for an idle moment."""
        while self._work():
            pass

    def close(self) -> None:
        """Give the descriptor back."""
        self._epoll.close()

    def _turn(self) -> None:
        events = self._epoll.poll(0 if self._idle else self._patience(), 256)
        if not events and not self._due() and self._idle and not self._work():
            events = self._epoll.poll(self._patience(), 256)
        for number, happened in events:
            item = self._watched.get(number)
            if item is not None:
                item.ready(happened)
        while self._due():
            heapq.heappop(self._timers)[2]()

    def _due(self) -> bool:
        return bool(self._timers) and self._timers[0][0] <= self.clock()

    def _patience(self) -> float:
        if not self._timers:
            return IDLE_SECONDS
        return min(IDLE_SECONDS, max(0.0, self._timers[0][0] - self.clock()))

    def _work(self) -> bool:
        return any([work() for work in self._idle])
