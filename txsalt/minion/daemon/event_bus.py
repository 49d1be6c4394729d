"""
The minion's local event bus: any local program that may can subscribe by tag, or send.

Interactions: PULL collects from programs on this machine; every event is published again, with
the time it came; some tags ask the daemon to do something. A subscriber that also subscribes to
``txsalt/live/<random>`` gets that one event at once: its earlier subscriptions are live then.

Source: PROTOCOL section 13.3; docs/architecture.md.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol  # event data is any msgpack value

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txsalt.errors import QueueFull, RemoteError
from txsalt.events import tags
from txsalt.light import frozen
from txsalt.minion.daemon.complaints import Complaints
from txsalt.sockets import ipc
from txsalt.wire import event

Data = dict[str, Any]


class Publishing(Protocol):
    """What the bus needs of an EventPublishSocket."""

    def send(self, message: bytes) -> None:
        """Publish one frame."""

    def close(self) -> None:
        """Let go."""


class Collecting(Protocol):
    """What the bus needs of a PullSocket."""

    def close(self) -> None:
        """Let go."""


@frozen(kw_only=True)
class BusPlace:
    """Where the two sockets are."""

    sock_dir: str
    id_hash: str

    @property
    def publish(self) -> str:
        """The endpoint to subscribe at."""
        return f"ipc://{self.sock_dir}/minion_event_{self.id_hash}_pub.ipc"

    @property
    def pull(self) -> str:
        """The endpoint to send to."""
        return f"ipc://{self.sock_dir}/minion_event_{self.id_hash}_pull.ipc"


def place_of(minion_id: str, sock_dir: str, hash_type: str) -> BusPlace:
    """Name the sockets as stock tools look for them: by ten digits of a hash of the id."""
    digest = hashlib.new(hash_type, minion_id.encode()).hexdigest()
    return BusPlace(sock_dir=sock_dir, id_hash=digest[:10])


class EventBus(Service):
    """Both ends of the bus."""

    name = "event bus"
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        place: BusPlace,
        open_publish: Callable[[str, Callable[[bytes], None]], Publishing],
        open_pull: Callable[[str, Callable[[bytes], None]], Collecting],
        *,
        max_event_size: int,
    ) -> None:
        """The two callables open the sockets at an endpoint."""
        self._clock = clock
        self._place = place
        self._open_publish = open_publish
        self._open_pull = open_pull
        self._max_event_size = max_event_size
        self._publish: Publishing | None = None
        self._pull: Collecting | None = None
        self._asked: dict[str, Callable[[Data], None]] = {}
        self._complaints = Complaints(clock, self.log, "local events were dropped")

    def on(self, prefix: str, call: Callable[[Data], None]) -> None:
        """Call ``call`` with the data of each local event whose tag begins with ``prefix``."""
        self._asked[prefix] = call

    def startService(self) -> None:
        """Open the bus. Raises EndpointUnusable, OSError."""
        super().startService()
        ipc.make_folder(self._place.sock_dir)
        self._publish = self._open_publish(self._place.publish, self._subscribed)
        self._pull = self._open_pull(self._place.pull, self._received)

    def stopService(self) -> None:
        """Close the bus. Twice is no error."""
        super().stopService()
        for socket in (self._pull, self._publish):
            if socket is not None:
                socket.close()
        self._pull = self._publish = None

    def fire(self, tag: str, data: Data) -> None:
        """Publish an event on this machine. Raises TypeError for data that cannot be packed."""
        if self._publish is None:
            return
        stamp = datetime.fromtimestamp(self._clock.seconds(), UTC).isoformat()
        frame = event.write_event(tag, {**data, "_stamp": stamp})
        if len(frame) > self._max_event_size:
            self._complaints.about(f"{tag:.100} has {len(frame)} bytes")
            return
        try:
            self._publish.send(frame)
        except QueueFull as exc:
            self._complaints.about(str(exc))

    def take(self, tag: str, data: Data) -> None:
        """Publish an event that a program or a job fires, and do what it asks for."""
        self.fire(tag, data)
        for prefix, call in self._asked.items():
            if tag.startswith(prefix):
                call(data)

    def _received(self, frame: bytes) -> None:
        try:
            tag, data = event.read_event(frame, self._max_event_size)
        except RemoteError as exc:
            self._complaints.about(str(exc))
            return
        self.take(tag, data)

    def _subscribed(self, prefix: bytes) -> None:
        if prefix.startswith(tags.LIVE_PREFIX.encode()) and self._publish is not None:
            try:
                self._publish.send(event.write_event(prefix.decode(), {}))
            except UnicodeDecodeError:
                self._complaints.about("a subscription that is not UTF-8")
