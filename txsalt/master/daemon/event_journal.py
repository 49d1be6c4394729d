"""
The last events of the bus, kept in memory for those who come late.

Bounded in number and in bytes: the oldest are forgotten first, and all with the end of the
daemon. What must last is in the store; this is for an operator who asks what just happened.
"""

from collections import deque
from itertools import islice

from attrs import frozen

MAX_EVENTS = 10_000
MAX_BYTES = 32 * 1024 * 1024
PAGE_EVENTS = 2_000
PAGE_BYTES = 1024 * 1024


@frozen
class Page:
    """Some past events; ``next`` is the number to go on with, unless this is the last page."""

    events: list[bytes]
    next: int
    last: bool


class EventJournal:
    """A ring of frames, each with its time and a number that only grows."""

    def __init__(self, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._ring: deque[tuple[float, bytes]] = deque()
        self._first = 0  # the number of the oldest
        self._bytes = 0

    def add(self, now: float, frame: bytes) -> None:
        """Remember a frame of Unix time ``now``; forget the oldest if there are too many."""
        self._ring.append((now, frame))
        self._bytes += len(frame)
        while len(self._ring) > self._max_events or self._bytes > self._max_bytes:
            self._bytes -= len(self._ring.popleft()[1])
            self._first += 1

    def page(self, number: int, since: float, prefix: bytes) -> Page:
        """Return events from ``number`` and Unix time ``since`` on whose tags begin so."""
        events: list[bytes] = []
        size = 0
        begin = max(number, self._first)
        for at, (when, frame) in enumerate(islice(self._ring, begin - self._first, None), begin):
            if when < since or not frame.startswith(prefix):
                continue
            if events and (len(events) == PAGE_EVENTS or size + len(frame) > PAGE_BYTES):
                return Page(events, at, False)
            events.append(frame)
            size += len(frame)
        return Page(events, self._first + len(self._ring), True)
