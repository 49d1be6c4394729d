"""
The event bus of the master: collect events, stamp them, publish them.

Interactions: workers and local programs push frames, one or more in a message; everyone who
subscribed gets them. A
subscriber that also subscribes to ``txsalt/live/<anything>`` gets one event of that tag, at
which time its subscriptions are live. One that subscribes to ``txsalt/replay/…`` (events/tags.py)
gets a page of past events in the same way. A subscriber that does not read loses events beyond the
high-water mark and costs the others nothing.

Source: PROTOCOL section 13; the frame is wire/event.py.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any  # event data is any msgpack value

from twisted.application.service import Service
from twisted.logger import Logger

from txsalt.errors import RemoteError, StoreError
from txsalt.events import tags
from txsalt.master.daemon.event_journal import EventJournal, Page
from txsalt.sockets.context import SocketContext
from txsalt.sockets.publish import EventPublishSocket
from txsalt.sockets.push_pull import RunSocket
from txsalt.wire import event

# The owner and the group may listen and send; never everyone.
_MODE = 0o660

Listener = Callable[[str, dict[str, Any]], None]


def _always() -> bool:
    return True


class EventPublisher(Service):
    """The bus, and the daemon's own ear on it."""

    log = Logger()
    name = "event publisher"

    def __init__(
        self,
        context: SocketContext,
        pull_endpoint: str,
        pub_endpoint: str,
        *,
        hwm: int,
        journal_folder: str,
    ) -> None:
        """
        ``hwm`` events wait for a slow subscriber; the last ones are in a file in
        ``journal_folder``.
        """
        self._context = context
        self._pull_endpoint = pull_endpoint
        self._pub_endpoint = pub_endpoint
        self._hwm = hwm
        self._journal_folder = journal_folder
        self._journal: EventJournal | None = None
        self._remembers = True
        self._listeners: list[tuple[bytes, Listener, Callable[[], bool]]] = []
        self._pull: RunSocket | None = None
        self._pub: EventPublishSocket | None = None

    def startService(self) -> None:
        """Open both sockets. Raises StoreError if past events cannot be kept."""
        super().startService()
        try:
            self._journal = EventJournal(self._journal_folder)
        except OSError as exc:
            raise StoreError(self._journal_folder, exc.strerror or str(exc)) from exc
        self._pub = EventPublishSocket(
            self._context, self._pub_endpoint, self._subscribed, hwm=self._hwm, mode=_MODE
        )
        self._pull = RunSocket(self._context, self._pull_endpoint, self.collect, mode=_MODE)

    def stopService(self) -> None:
        """Close both sockets."""
        super().stopService()
        for socket in (self._pull, self._pub):
            if socket is not None:
                socket.close()
        self._pull = self._pub = None
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def listen(self, prefix: str, listener: Listener, wanted: Callable[[], bool] = _always) -> None:
        """
        Call ``listener(tag, data)`` for each event whose tag starts with ``prefix``.

        While ``wanted()`` is False, events are not even unpacked for this listener.
        """
        self._listeners.append((prefix.encode(), listener, wanted))

    def fire(self, tag: str, data: dict[str, Any]) -> None:
        """Publish an event of the daemon's own."""
        self.collect([event.write_event(tag, data)])

    def collect(self, frames: list[bytes]) -> None:
        """Publish events that somebody sent; what is none is dropped."""
        now = datetime.now(UTC)
        stamp = event.Stamp(now.isoformat())
        kept = []
        for frame in frames:
            try:
                stamped = stamp.put(frame)
            except RemoteError as exc:
                self.log.warn("an event was dropped: {reason}", reason=str(exc))
                continue
            kept.append(stamped)
        if self._pub is not None:
            self._pub.send_events(kept)
        self._remember(now.timestamp(), kept)
        for prefix, listener, wanted in self._listeners:
            for stamped in kept:
                if stamped.startswith(prefix) and wanted():
                    self._tell(listener, stamped)

    def _remember(self, now: float, frames: list[bytes]) -> None:
        if self._journal is None:
            return
        try:
            self._journal.add(now, frames)
        except OSError as exc:
            if self._remembers:  # a full disk is told once, not at each event
                self.log.warn("past events are forgotten: {reason}", reason=str(exc))
            self._remembers = False
        else:
            self._remembers = True

    def _tell(self, listener: Listener, frame: bytes) -> None:
        try:
            tag, data = event.read_event(frame)
        except RemoteError as exc:
            self.log.warn("an event was not understood: {reason}", reason=str(exc))
            return
        listener(tag, data)

    def _subscribed(self, prefix: bytes) -> None:
        if self._pub is None:
            return
        if prefix.startswith(tags.LIVE_PREFIX.encode()):
            self._pub.send(prefix + b"\n\n\x80")
        elif prefix.startswith(tags.REPLAY_PREFIX.encode()):
            self._replay(prefix.decode(errors="replace"))

    def _replay(self, tag: str) -> None:
        wanted = tags.parse_replay(tag)
        if wanted is None or self._pub is None or self._journal is None:
            return
        page = self._page(self._journal, wanted)
        data = {"events": page.events, "next": page.next, "last": page.last}
        self._pub.send(event.write_event(tag, data))

    def _page(self, journal: EventJournal, wanted: tags.Replay) -> Page:
        try:
            return journal.page(wanted.number, wanted.since, wanted.prefix.encode())
        except OSError as exc:
            self.log.warn("past events cannot be read: {reason}", reason=str(exc))
            return Page([], wanted.number, True)
