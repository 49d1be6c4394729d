"""
Relay jobs to the minions: number, seal, sign, publish.

Interactions: a worker has saved the job and pushes it here; every minion gets the same frame, but
for a job that names few of many minions: these get a copy each, under their topics, where no
minion subscribes to everything, as stock ones do.
The events that tell of a job come with it, and are fired first, even if the job has to wait.
Nobody else holds the serial. While the shared key changes, jobs wait until the workers hand out
the new one: a minion that finds a job unreadable signs in again, and must then get the key that
opens it.

Source: PROTOCOL sections 2.2, 8.2, 11.
"""

from collections.abc import Callable
from typing import Any  # the job's load is any msgpack map

from twisted.application.service import Service
from twisted.logger import Logger

from txsalt.errors import BadEnvelope, RemoteError
from txsalt.protocol.publication import (
    BROADCAST,
    Sealer,
    named_targets,
    pays_to_address,
    topic_of,
)
from txsalt.sockets.context import SocketContext
from txsalt.sockets.publish import PublishSocket
from txsalt.sockets.push_pull import RunSocket
from txsalt.sockets.watched_publish import WatchedPublishSocket, Watcher
from txsalt.wire import serial

_FIRST_OF_MAPS = b"\x80"


class PublishRelay(Service):
    """The only sender on 4505, and the only owner of the serial."""

    log = Logger()
    name = "publish relay"

    def __init__(
        self,
        context: SocketContext,
        pull_endpoint: str,
        pub_endpoint: str,
        *,
        hwm: int,
        filtering: bool,
        watcher: Watcher | None = None,
    ) -> None:
        """
        ``filtering`` sends each copy under a topic (Salt's zmq_filtering).

        ``watcher`` is told who listens; it may also be set before the start. ``audience`` returns
        how many connections there are, and how many of these hear everything. ``fire`` gets the
        events that come with jobs.
        """
        self.fire: Callable[[list[bytes]], None] = _nobody_listens
        self.watcher = watcher
        self.audience: Callable[[], tuple[int, int]] = _nobody_known
        self._context = context
        self._pull_endpoint = pull_endpoint
        self._pub_endpoint = pub_endpoint
        self._hwm = hwm
        self._filtering = filtering
        self._sealer: Sealer | None = None
        self._held: list[bytes] | None = None
        self._pull: RunSocket | None = None
        self._pub: PublishSocket | None = None

    @property
    def port(self) -> int:
        """The port that publications leave from. Raises RuntimeError while it is closed."""
        if self._pub is None:
            raise RuntimeError("the relay is closed")
        return self._pub.port

    @property
    def serial(self) -> int:
        """The last serial used."""
        return self._sealer.serial if self._sealer else 0

    def startService(self) -> None:
        """Open both sockets."""
        super().startService()
        if self.watcher is None:
            self._pub = PublishSocket(self._context, self._pub_endpoint, hwm=self._hwm)
        else:
            self._pub = WatchedPublishSocket(
                self._context, self._pub_endpoint, self.watcher, hwm=self._hwm
            )
        self._pull = RunSocket(self._context, self._pull_endpoint, self._came)

    def stopService(self) -> None:
        """Close both sockets."""
        super().stopService()
        for socket in (self._pull, self._pub):
            if socket is not None:
                socket.close()
        self._pull = self._pub = None

    def hold(self) -> None:
        """Keep jobs back until ``use`` gives the next key."""
        if self._held is None:
            self._held = []

    def use(self, sealer: Sealer) -> None:
        """Seal with a key from now on, and send what was held back."""
        self._sealer = sealer
        held, self._held = self._held or [], None
        self._jobs(held)

    def publish(self, load: dict[str, Any], minions: list[str] | None = None) -> None:
        """Publish a job of the daemon's own; ``minions`` are those it is for, None: everybody."""
        self._jobs([serial.pack_bin({"load": load, "topics": minions})])

    def nudge(self, load: dict[str, Any], minions: list[str]) -> None:
        """
        Publish a job to these minions alone, whatever that costs.

        Nothing is sent where stock minions would hear the topics: the next job does it there.
        """
        _, without_topic = self.audience()
        if without_topic:
            return
        self._jobs([serial.pack_bin({"load": load, "topics": minions, "addressed": True})])

    def _came(self, frames: list[bytes]) -> None:
        # A tag is text, a job a packed map.
        events = [frame for frame in frames if frame[:1] < _FIRST_OF_MAPS]
        if events:
            self.fire(events)
        self._jobs([frame for frame in frames if frame[:1] >= _FIRST_OF_MAPS])

    def _jobs(self, frames: list[bytes]) -> None:
        if self._held is not None:
            self._held += frames
            return
        messages = [message for frame in frames for message in self._messages_of(frame)]
        if self._pub is not None and messages:
            self._pub.send_all(messages)

    def _messages_of(self, frame: bytes) -> list[list[bytes]]:
        try:
            load, minions, addressed = _read_job(frame)
            return self._sealed(load, minions, self._filtering or addressed)
        except (RemoteError, TypeError) as exc:
            # Only our own workers reach this socket: what is unreadable here is a bug.
            self.log.error("a job could not be published: {reason!r}", reason=exc)
            return []

    def _sealed(
        self, load: dict[str, Any], minions: list[str] | None, addressed: bool
    ) -> list[list[bytes]]:
        if self._sealer is None:
            self.log.error("job {jid} came before the relay had its key", jid=load.get("jid"))
            return []
        sealed = self._sealer.seal(load)
        if not addressed:
            minions = named_targets(load)
            if minions is None or not pays_to_address(len(minions), *self.audience()):
                return [[sealed]]
        if minions is None or self._must_broadcast():
            return [[BROADCAST, sealed]]
        topics = [topic_of(each) for each in minions]
        return [[topic, sealed] for topic in topics]

    def _must_broadcast(self) -> bool:
        # Who hears every copy complains of each that is for another, or of its serial. All hear
        # what is for everybody, and know by its target whom it is for.
        _, without_topic = self.audience()
        return without_topic > 0


def _read_job(frame: bytes) -> tuple[dict[str, Any], list[str] | None, bool]:
    """Return a job's load, whom it is for, and if it is for them alone; raises RemoteError."""
    message = serial.unpack_bin(frame)
    load = message.get("load") if isinstance(message, dict) else None
    if not isinstance(load, dict):
        raise BadEnvelope("a job without a load")
    minions = message.get("topics")
    if minions is not None and not (
        isinstance(minions, list) and all(isinstance(each, str) for each in minions)
    ):
        raise BadEnvelope("the topics of a job are not ids")
    return load, minions, bool(message.get("addressed"))


def _nobody_known() -> tuple[int, int]:
    return 0, 0


def _nobody_listens(_: list[bytes]) -> None:
    """Events are dropped."""
