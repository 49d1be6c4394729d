"""
What leaves a worker besides replies: events, publications, and words to the daemon.

Source: docs/architecture.md, "Processes and sockets".
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any  # event data and loads are maps of any msgpack value

from txsalt.wire import event, pipe, serial

Send = Callable[[bytes], None]


class Outgoing:
    """Three ways out. ``send_*`` take frames and never block."""

    def __init__(
        self,
        *,
        send_events: Callable[[list[bytes]], object],
        send_publications: Callable[[list[bytes]], object],
        send_daemon: Send,
        max_event_size: int,
    ) -> None:
        self._send_events = send_events
        self._send_publications = send_publications
        self._send_daemon = send_daemon
        self._max_event_size = max_event_size
        self._held: list[bytes] | None = None
        self._held_jobs: list[bytes] = []

    def fire(self, tag: str, data: dict[str, Any]) -> None:
        """Fire an event; the bus stamps it. Large values of one that is too large are cut out."""
        frame = event.write_event(tag, data)
        if len(frame) > self._max_event_size:
            frame = event.write_event(tag, _trimmed(data, self._max_event_size // 2))
        self._leave([frame])

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the events and publications of this block leave in one message, at its end."""
        if self._held is not None:
            yield  # the block around this one sees to it
            return
        held: list[bytes] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
            jobs, self._held_jobs = self._held_jobs, []
            if jobs:
                # The relay fires the events before it publishes: one turn of the daemon for both.
                self._send_publications([*held, *jobs])
            elif held:
                self._send_events(held)

    def fire_packed(self, events: list[tuple[str, bytes]]) -> None:
        """Fire several events, of which the data are packed maps, in one message."""
        frames = []
        for tag, packed in events:
            frame = event.write_packed_event(tag, packed)
            if len(frame) > self._max_event_size:
                data = _trimmed(serial.unpack_bin(packed), self._max_event_size // 2)
                frame = event.write_event(tag, data)
            frames.append(frame)
        if frames:
            self._leave(frames)

    def publish(self, load: dict[str, Any], topics: list[str] | None) -> None:
        """
        Hand a job to the relay.

        ``topics`` are the ids it is for where publications are filtered, None: everybody.
        """
        frame = serial.pack_bin({"load": load, "topics": topics})
        if self._held is None:
            self._send_publications([frame])
        else:
            self._held_jobs.append(frame)

    def tell_daemon(self, kind: str, **words: object) -> None:
        """Send a frame on descriptor 4."""
        self._send_daemon(pipe.encode({"kind": kind, **words}))

    def _leave(self, frames: list[bytes]) -> None:
        if self._held is None:
            self._send_events(frames)
        else:
            self._held += frames


def _trimmed(data: dict[str, Any], budget: int) -> dict[str, Any]:
    # Small values first: what fits stays whole, the rest is named but not sent.
    sizes = {name: len(serial.pack_bin(value)) for name, value in data.items()}
    kept: set[Any] = set()
    for name in sorted(sizes, key=lambda name: sizes[name]):
        budget -= sizes[name]
        if budget < 0:
            break
        kept.add(name)
    return {name: value if name in kept else event.TRIMMED for name, value in data.items()}
