"""
Know who is there, from what is seen anyway: connections, topics, and requests that were proved.

Pure: facts and Unix times in, sightings out. A minion of ours names its topic on its connection, so
that is seen exactly. Of others only addresses are seen: one is there while a connection without a
topic comes from one of its addresses, which two minions behind one address may share.

An id counts only after a request of it was authenticated: a topic alone proves nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import define, evolve, frozen

from txsalt.protocol.publication import announced, topic_of

# A busy minion is heard many times a second; its time is written not quite as often.
HEARD_STEP = 5.0
_MOST_LEFT = 1000
# How long it may take at most until what a minion proved to a worker is known here, and there.
NEWS_SECONDS = 3.0
# Connections that broke are up again within so many seconds, or something is wrong.
_BLINK_SECONDS = 3.0
_FLEET_SECONDS = 15.0  # the same for all of them, after the master was away


@frozen(kw_only=True)
class Sighting:
    """
    What is known of one minion: Unix times.

    ``since`` is when it came, or went; ``heard`` is its last authenticated request; ``address`` is
    that of its connection, "" if that is not known for sure.
    """

    id: str
    up: bool
    since: float
    heard: float
    address: str = ""

    @property
    def is_surely_down(self) -> bool:
        """
        Whether it is gone, and its connections are seen exactly, as those of ours are.

        One that was heard since is there all the same: a stock minion in its place, say.
        """
        return not self.up and bool(self.address) and self.heard <= self.since


class Standing(Enum):
    """How a minion is placed to get what is published now."""

    THERE = "there"  # as far as one can see
    COMING = "coming"  # it was there a moment ago, or the master has only begun to watch
    ABSENT = "absent"


@define
class _Connection:
    address: str
    topic: bytes = b""  # of whose minion it is, as far as it said so


@define
class _Minion:
    sighting: Sighting
    topic: bytes
    announces: bool = False  # has had a topic of its own since we watch
    told: float = 0.0  # what ``heard`` was when the sighting was last given out


class Book:
    """All that were ever heard."""

    def __init__(self) -> None:
        self._minions: dict[str, _Minion] = {}
        self._by_topic: dict[bytes, str] = {}
        self._connections: dict[int, _Connection] = {}
        # A minion that comes again may be faster than the end of its former connection.
        self._by_whom: dict[bytes, tuple[int, ...]] = {}
        self._unnamed: Counter[str] = Counter()  # connections without a topic, by address
        self._without = 0
        # Of topics of nobody known: from where, and when they went; the latest last.
        self._left: dict[bytes, tuple[str, float]] = {}
        self._addresses: dict[str, frozenset[str]] = {}
        self._changed: set[str] = set()
        self._moved = False  # whether connections without a topic may have changed
        self._restored = 0.0  # when we began to watch

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._connections)

    @property
    def without_topic(self) -> int:
        """How many connections hear everything, as far as one can see."""
        return self._without

    def restore(self, sightings: Iterable[Sighting], now: float) -> None:
        """Take what a former run knew; whoever was there has to come again."""
        self._restored = now
        for old in sightings:
            self._add(evolve(old, up=False, since=now) if old.up else old)
            if old.up:
                self._changed.add(old.id)

    def heard(self, minion_id: str, when: float) -> bool:
        """Note an authenticated request; return whether it is the first ever of this id."""
        minion = self._minions.get(minion_id)
        is_new = minion is None
        if minion is None:
            minion = self._add(Sighting(id=minion_id, up=False, since=when, heard=when))
        if is_new or when > minion.sighting.heard:
            minion.sighting = evolve(minion.sighting, heard=max(when, minion.sighting.heard))
            if is_new or when - minion.told >= HEARD_STEP:
                self._changed.add(minion_id)
        if is_new:
            self._moved = True
            if minion.topic in self._by_whom:
                minion.announces = True
                self._set(minion, True, when)
            else:
                address, left = self._left.pop(minion.topic, ("", 0.0))
                if when <= left:
                    minion.announces = True
                    minion.sighting = evolve(minion.sighting, since=left, address=address)
        return is_new

    def connected(self, connection: int, address: str, now: float = 0.0) -> None:
        """A connection has come; its number is its own for as long as it lasts."""
        if connection in self._connections:  # its end was not told
            self.disconnected(connection, now)
        self._connections[connection] = _Connection(address)
        self._count_unnamed(address, 1)

    def subscribed(self, subscription: bytes, connection: int, now: float) -> None:
        """A connection has asked for something, and may thereby have said whose it is."""
        line, topic = self._connections.get(connection), announced(subscription)
        if line is None or topic is None or topic == line.topic:
            return
        self._unname(connection, line, now)
        line.topic = topic
        self._count_unnamed(line.address, -1)
        self._by_whom[topic] = (*self._by_whom.get(topic, ()), connection)
        self._judge(topic, line.address, now)

    def disconnected(self, connection: int, now: float) -> None:
        """A connection has gone."""
        line = self._connections.get(connection)
        if line is None:
            return
        self._unname(connection, line, now)
        self._count_unnamed(line.address, -1)
        del self._connections[connection]

    def addresses_are(self, addresses: Mapping[str, Iterable[str]]) -> None:
        """Learn from which addresses minions may connect."""
        self._addresses.update((each, frozenset(of)) for each, of in addresses.items())
        self._moved = True

    def forget(self, minion_id: str) -> None:
        """Its key is gone."""
        minion = self._minions.pop(minion_id, None)
        if minion is not None:
            del self._by_topic[minion.topic]
            self._addresses.pop(minion_id, None)
            self._changed.discard(minion_id)

    def settle(self, now: float) -> None:
        """Judge again those that are known by address only; call before reading."""
        if not self._moved:
            return
        self._moved = False
        seen = self._unnamed.keys()
        for minion_id, minion in self._minions.items():
            if minion.announces:
                continue
            own = self._addresses.get(minion_id)
            self._set(minion, bool(seen if own is None else seen & own), now)

    def standing(self, minion_id: str, now: float, waited: float) -> Standing:
        """Judge one minion at Unix time ``now``, for a job that is ``waited`` seconds old."""
        minion = self._minions.get(minion_id)
        if minion is None:
            if waited < NEWS_SECONDS or topic_of(minion_id) in self._by_whom:
                return Standing.THERE
            return Standing.ABSENT
        sighting = minion.sighting
        if not sighting.is_surely_down:
            return Standing.THERE
        is_restored = sighting.since == self._restored
        patience = _FLEET_SECONDS if is_restored else _BLINK_SECONDS
        return Standing.COMING if now < sighting.since + patience else Standing.ABSENT

    def take_changes(self) -> list[Sighting]:
        """Return what is new since the last time."""
        changed, self._changed = self._changed, set()
        taken = []
        for minion_id in changed:
            minion = self._minions[minion_id]
            minion.told = minion.sighting.heard
            taken.append(minion.sighting)
        return taken

    def put_back(self, taken: Iterable[Sighting]) -> None:
        """Give changes again the next time: they could not be kept."""
        self._changed.update(each.id for each in taken if each.id in self._minions)

    def present(self) -> set[str]:
        """Return who is there."""
        return {each for each, minion in self._minions.items() if minion.sighting.up}

    def _add(self, sighting: Sighting) -> _Minion:
        minion = _Minion(sighting, topic_of(sighting.id))
        self._minions[sighting.id] = minion
        self._by_topic[minion.topic] = sighting.id
        return minion

    def _unname(self, connection: int, line: _Connection, now: float) -> None:
        """Let a connection be nobody's."""
        topic, line.topic = line.topic, b""
        if not topic:
            return
        rest = tuple(each for each in self._by_whom.pop(topic) if each != connection)
        if rest:
            self._by_whom[topic] = rest
        self._count_unnamed(line.address, 1)
        self._judge(topic, line.address, now)

    def _count_unnamed(self, address: str, change: int) -> None:
        self._without += change
        self._unnamed[address] += change
        if self._unnamed[address] <= 0:
            del self._unnamed[address]
        self._moved = True

    def _judge(self, topic: bytes, address: str, now: float) -> None:
        is_there = topic in self._by_whom
        minion = self._minions.get(self._by_topic.get(topic, ""))
        if minion is not None:
            minion.announces = True
            self._set(minion, is_there, now)
        elif not is_there:
            # Its first words may be on their way from a worker.
            self._left[topic] = (address, now)
            if len(self._left) > _MOST_LEFT:
                del self._left[next(iter(self._left))]

    def _set(self, minion: _Minion, up: bool, now: float) -> None:
        old = minion.sighting
        address = self._address_of(minion) if up else old.address
        if up == old.up and address == old.address:
            return
        since = old.since if up == old.up else now
        minion.sighting = evolve(old, up=up, since=since, address=address)
        self._changed.add(old.id)

    def _address_of(self, minion: _Minion) -> str:
        lines = self._by_whom.get(minion.topic)
        return self._connections[lines[-1]].address if lines else ""
