"""
Hear publications (SUB, 4505): open, check, match, remember, hand to the job runner.

Interactions: the link brings keys; frames that no key opens go to ``Unreadable``; what else is
refused is counted and logged at most once a minute. Nothing that arrives here is answered.

Source: PROTOCOL sections 8.3, 11, 15.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txsalt.errors import BadBox, RemoteError
from txsalt.light import frozen
from txsalt.minion.daemon.complaints import Complaints
from txsalt.minion.daemon.unreadable import DISTANCE, Unreadable
from txsalt.protocol.publication import Opener, announcement_of, is_for, topics_of
from txsalt.protocol.sign_in import SignedIn
from txsalt.sockets.monitor import CONNECTED
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import matches
from txsalt.wire.job_loads import Publication


class Subscription(Protocol):
    """What the listener needs of a SubscribeSocket."""

    def announce(self, topic: bytes) -> None:
        """Show a topic to the publisher."""

    def close(self) -> None:
        """Let go."""


class Serials(Protocol):
    """What outlives this run: see ``serial_memory``."""

    def last(self, key_string: str) -> int:
        """Return the last serial under a key, 0 if none is known."""

    def keep(self, key_string: str, serial: int) -> None:
        """Note the last serial under a key."""


Subscribe = Callable[
    [str, Sequence[bytes], Callable[[list[bytes]], None], Callable[[str], None]], Subscription
]


@frozen(kw_only=True)
class ListenerSettings:
    """The options of the listener; ``distance`` is in seconds."""

    minion_id: str
    filtered: bool = False  # zmq_filtering
    require_signature: bool = False
    jids: int = 100
    distance: float = DISTANCE


class Listener(Service):
    """One subscription, to the master that the link signed in at."""

    name = "listener"
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: ListenerSettings,
        subscribe: Subscribe,
        facts: Callable[[], Facts],
        run: Callable[[Publication], None],
        sign_in: Callable[[], Deferred[SignedIn]],
        pass_by: Callable[[str], None] = lambda _: None,
        serials: Serials | None = None,
    ) -> None:
        """
        ``run`` gets every publication that is meant for this minion, once.

        ``pass_by`` gets the jids of those that are meant for others.
        """
        self._settings = settings
        self._subscribe = subscribe
        self._facts = facts
        self._run = run
        self._pass_by = pass_by
        self._serials = serials
        self._opener: Opener | None = None
        self._socket: Subscription | None = None
        self._endpoint = ""
        self._states: list[Callable[[str], None]] = []
        self._unreadable = Unreadable(clock, sign_in, self._try_again, settings.distance)
        self._complaints = Complaints(clock, self.log, "publications were dropped")

    def when_state(self, call: Callable[[str], None]) -> None:
        """Call ``call`` with "connected" and "disconnected" as the connection comes and goes."""
        self._states.append(call)

    def renew(self, signed_in: SignedIn) -> None:
        """Take the keys of a sign-in."""
        if self._opener is None:
            self._opener = Opener(
                signed_in.master_key,
                signed_in.aes,
                require_signature=self._settings.require_signature,
                jids=self._settings.jids,
                serial=self._serials.last(signed_in.aes) if self._serials is not None else 0,
            )
        elif self._opener.renew(signed_in.master_key, signed_in.aes):
            self.log.info("the master's shared key is a new one")

    def connect(self, endpoint: str) -> None:
        """Listen at ``endpoint``; a connection to another one is closed. Only after ``renew``."""
        if not self.running or (endpoint == self._endpoint and self._socket is not None):
            return
        self._disconnect()
        self._endpoint = endpoint
        # Our own topic, also where the master does not filter: a txsalt master addresses us alone
        # where that is cheaper.
        topics = topics_of(self._settings.minion_id, filtered=self._settings.filtered)
        self._socket = self._subscribe(endpoint, topics, self._received, self._state_changed)

    def stopService(self) -> None:
        """Hear no more. Twice is no error."""
        super().stopService()
        self._disconnect()
        self._unreadable.stop()

    def _disconnect(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    def _state_changed(self, state: str) -> None:
        if state == CONNECTED and self._socket is not None:
            # A txsalt master sees by it who listens; each connection has to say so.
            self._socket.announce(announcement_of(self._settings.minion_id))
        for call in self._states:
            call(state)

    def _received(self, parts: list[bytes]) -> None:
        if not self.running or self._opener is None:
            return
        if len(parts) not in (1, 2):  # with a topic before it where the master filters
            self._complaints.about(f"a message of {len(parts)} frames")
            return
        if len(parts) == 2 and not is_for(self._settings.minion_id, parts[0]):
            return  # the topic of another begins like ours
        try:
            self._open(self._opener, parts[-1])
        except BadBox:
            self._unreadable.hold(parts[-1])

    def _try_again(self, frame: bytes) -> bool:
        if not self.running or self._opener is None:
            return False
        try:
            self._open(self._opener, frame)
        except BadBox as exc:
            self._complaints.about(str(exc))
            return False
        return True

    def _open(self, opener: Opener, frame: bytes) -> None:
        try:
            publication = opener.open(frame)
        except BadBox:
            raise
        except RemoteError as exc:
            self._complaints.about(str(exc))
            return
        facts = self._facts()
        if not matches(publication.tgt, publication.tgt_type, facts, publication.delimiter):
            self.log.debug("job {jid} is for others", jid=publication.jid)
            self._pass_by(publication.jid)
            return
        opener.remember(publication.jid)
        if self._serials is not None:
            self._serials.keep(*opener.last)
        self._run(publication)
