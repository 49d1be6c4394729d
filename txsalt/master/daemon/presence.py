"""
Who is there: put together what the sockets see and what the workers heard, keep it, tell changes.

Interactions: the relay's socket tells topics and connections, workers the authenticated ids, about
once a second each; the book judges; the store gets what changed. With ``presence_events`` the bus
gets who is there, every ``loop_interval`` seconds.

Source: PROTOCOL section 13.1.
"""

import time
from typing import Any  # the reactor, which mypy cannot see through zope

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from txsalt.events import tags
from txsalt.master.daemon.event_publisher import EventPublisher
from txsalt.master.store import presence as store
from txsalt.protocol.presence import Book, Standing
from txsalt.sockets.watched_publish import Watcher

_FLUSH_SECONDS = 1.0
_REFRESH = "minion/refresh/"


class Presence(Service):
    """The one who knows who is there."""

    log = Logger()
    name = "presence"

    def __init__(
        self,
        reactor: Any,
        publisher: EventPublisher,
        store_path: str,
        *,
        event_interval: float,
        started: float,
    ) -> None:
        """``event_interval`` 0 sends no events; ``started``: Unix time, minions were gone then."""
        self._reactor = reactor
        self._publisher = publisher
        self._store_path = store_path
        self._event_interval = event_interval
        self._started = started
        self._book = Book()
        self._loops: list[LoopingCall] = []
        self._unknown: set[str] = set()  # ids whose addresses are to be read
        self._gone: set[str] = set()
        self._told: set[str] = set()
        self._is_leaving = False
        self._is_failing = False
        publisher.listen(_REFRESH, self._refreshed)
        publisher.listen(tags.KEY, self._key_changed)
        self.watcher = Watcher(
            connected=lambda line, address: self._book.connected(line, address, time.time()),
            subscribed=lambda topic, line: self._book.subscribed(topic, line, time.time()),
            disconnected=self._disconnected,
        )

    def startService(self) -> "Deferred[None]":
        """Read what was known, then begin."""
        super().startService()
        return Deferred.fromCoroutine(self._start())

    def stopService(self) -> "Deferred[None]":
        """Write the last changes."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def heard(self, message: dict[str, Any]) -> None:
        """Take in a worker's ``heard`` frame."""
        for minion_id, when in message["times"].items():
            if self._book.heard(minion_id, when):
                self._unknown.add(minion_id)
                self._gone.discard(minion_id)

    def present(self) -> set[str]:
        """Return who is there now."""
        self._book.settle(time.time())
        return self._book.present()

    def leave(self) -> None:
        """Take connections that end from now on for our own doing: their minions are still up."""
        self._is_leaving = True

    def standing(self, minion_id: str, waited: float) -> Standing:
        """Judge whether a minion gets what is published now, for a job ``waited`` seconds old."""
        return self._book.standing(minion_id, time.time(), waited)

    def audience(self) -> tuple[int, int]:
        """Return how many connections listen, and how many of them to everything."""
        return self._book.connections, self._book.without_topic

    async def _start(self) -> None:
        known = await deferToThread(store.read, self._store_path)
        self._book.restore(known, self._started)
        self._unknown.update(sighting.id for sighting in known)
        # Before the first request: workers would tell what was before the master ended.
        await self._save()
        self._repeat(self._flush, _FLUSH_SECONDS)
        if self._event_interval > 0:
            self._repeat(self._tell, self._event_interval)

    async def _stop(self) -> None:
        loops, self._loops = self._loops, []
        for loop in loops:
            if loop.running and (ended := loop.deferred) is not None:
                loop.stop()
                await ended
        await self._save()

    def _repeat(self, call: Any, seconds: float) -> None:
        loop = LoopingCall(call)
        loop.clock = self._reactor
        self._loops.append(loop)
        loop.start(seconds, now=False).addErrback(
            lambda failure: self.log.failure("presence is not watched any more", failure)
        )

    def _flush(self) -> "Deferred[None]":
        return Deferred.fromCoroutine(self._save())

    async def _save(self) -> None:
        try:
            await self._read_addresses()
            self._book.settle(time.time())
            await self._write()
        except Exception:
            # One bad round (a full disk, say) must not be the last one. It is told once.
            if not self._is_failing:
                self.log.failure("who is there cannot be written; it is tried again and again")
            self._is_failing = True
        else:
            if self._is_failing:
                self.log.info("who is there is written again")
            self._is_failing = False

    async def _read_addresses(self) -> None:
        if not self._unknown:
            return
        unknown, self._unknown = self._unknown, set()
        try:
            found = await deferToThread(store.addresses, self._store_path, unknown)
        except Exception:
            self._unknown |= unknown
            raise
        self._book.addresses_are(found)

    async def _write(self) -> None:
        changes, gone = self._book.take_changes(), self._gone
        if not changes and not gone:
            return
        self._gone = set()
        try:
            await deferToThread(store.write, self._store_path, changes, gone)
        except Exception:
            self._book.put_back(changes)
            self._gone |= gone - self._unknown  # those were heard of again meanwhile
            raise

    def _disconnected(self, connection: int) -> None:
        if not self._is_leaving:
            self._book.disconnected(connection, time.time())

    def _tell(self) -> None:
        now = self.present()
        if now != self._told:
            change = {"new": sorted(now - self._told), "lost": sorted(self._told - now)}
            self._publisher.fire(tags.PRESENCE_CHANGE, change)
        self._publisher.fire(tags.PRESENT, {"present": sorted(now)})
        self._told = now

    def _refreshed(self, tag: str, _: dict[str, Any]) -> None:
        self._unknown.add(tag.removeprefix(_REFRESH))

    def _key_changed(self, _: str, data: dict[str, Any]) -> None:
        minion_id = data.get("id")
        if data.get("act") in ("delete", "deleted") and isinstance(minion_id, str):
            self._book.forget(minion_id)
            self._gone.add(minion_id)
