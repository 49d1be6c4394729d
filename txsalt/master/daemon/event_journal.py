"""
The last events of the bus, kept for those who come late: in a file without a name, not in memory.

Bounded in number and in bytes: the oldest are forgotten first, and all with the end of the
daemon, as the file goes with the last descriptor. What must last is in the store; this is for an
operator who asks what just happened. Memory holds where each event lies, some 20 bytes.
"""

import os
import tempfile
from array import array

from attrs import frozen

MAX_EVENTS = 10_000
MAX_BYTES = 32 * 1024 * 1024
PAGE_EVENTS = 2_000
PAGE_BYTES = 1024 * 1024
_READ_BYTES = 256 * 1024


@frozen
class Page:
    """Some past events; ``next`` is the number to go on with, unless this is the last page."""

    events: list[bytes]
    next: int
    last: bool


class EventJournal:
    """
    A ring of frames, each with its time and a number that only grows.

    An event of number n has its place in the arrays at n modulo their length, and byte b of all
    that was ever written its place in the file at b modulo ``max_bytes``.
    """

    def __init__(
        self, folder: str, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES
    ) -> None:
        """``folder`` is where the file is; it is seen in no listing. Raises OSError."""
        self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115 - see close
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._times = array("d", bytes(8 * max_events))
        self._begins = array("Q", bytes(8 * max_events))
        self._first = self._next = 0  # numbers: the oldest, and the one to come
        self._end = 0  # bytes that were ever written

    def close(self) -> None:
        """Forget everything; twice is no error."""
        self._file.close()

    def add(self, now: float, frames: list[bytes]) -> None:
        """
        Remember frames of Unix time ``now``; forget the oldest if there are too many.

        Raises OSError if the disk does not take them; then all others are forgotten, too.
        """
        kept = [frame for frame in frames if len(frame) <= self._max_bytes]
        for begin in range(0, len(kept), self._max_events):
            self._add(now, kept[begin : begin + self._max_events])
        if len(kept) < len(frames):
            self._first = self._next  # there is no gap in what is remembered

    def page(self, number: int, since: float, prefix: bytes) -> Page:
        """
        Return events from ``number`` and Unix time ``since`` on whose tags begin so.

        Raises OSError.
        """
        events: list[bytes] = []
        size = 0
        at = max(number, self._first)
        while at < self._next:
            if not self._is_since(at, since):
                at += 1  # without a look into the file
                continue
            for frame in self._some(at):
                if frame.startswith(prefix) and self._is_since(at, since):
                    if events and (len(events) == PAGE_EVENTS or size + len(frame) > PAGE_BYTES):
                        return Page(events, at, False)
                    events.append(frame)
                    size += len(frame)
                at += 1
        return Page(events, self._next, True)

    def _is_since(self, number: int, since: float) -> bool:
        return self._times[number % self._max_events] >= since

    def _add(self, now: float, frames: list[bytes]) -> None:
        sizes = list(map(len, frames))
        # What would not fit into the file together is given to it one by one.
        if sum(sizes) > self._max_bytes:
            for frame in frames:
                self._add(now, [frame])
            return
        self._forget(len(frames), sum(sizes))
        try:
            self._write(b"".join(frames))
        except OSError:
            self._first = self._next
            raise
        for size in sizes:
            place = self._next % self._max_events
            self._times[place], self._begins[place] = now, self._end
            self._next += 1
            self._end += size

    def _forget(self, count: int, size: int) -> None:
        while self._first < self._next and (
            self._next - self._first + count > self._max_events
            or self._end - self._begins[self._first % self._max_events] + size > self._max_bytes
        ):
            self._first += 1

    def _write(self, data: bytes) -> None:
        place = self._end % self._max_bytes
        before_end = self._max_bytes - place
        for part, at in ((data[:before_end], place), (data[before_end:], 0)):
            if part and os.pwrite(self._file.fileno(), part, at) != len(part):
                raise OSError("the disk took a part of the events only")

    def _some(self, number: int) -> list[bytes]:
        """Read the event of this number, and those after it that one read gets."""
        begin = self._begins[number % self._max_events]
        ends: list[int] = []
        for other in range(number + 1, self._next + 1):
            at_end = other == self._next
            end = self._end if at_end else self._begins[other % self._max_events]
            if ends and end - begin > _READ_BYTES:
                break
            ends.append(end - begin)
        data = self._read(begin, ends[-1])
        return [data[at:end] for at, end in zip([0, *ends], ends, strict=False)]

    def _read(self, begin: int, size: int) -> bytes:
        place = begin % self._max_bytes
        data = os.pread(self._file.fileno(), min(size, self._max_bytes - place), place)
        return data + os.pread(self._file.fileno(), size - len(data), 0)
