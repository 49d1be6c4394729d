"""
Keep the house: old jobs, and key changes that were made while nobody listened.

Interactions: ``txsalt-cli key`` fires an event when it removes a key, and leaves a drop file as
well, in case the master does not run; both mean that the shared key must be replaced.

Source: PROTOCOL section 8.2.
"""

import os
import time
from collections.abc import Callable
from typing import Any  # the reactor, which mypy cannot see through zope

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from txsalt.master.store import database

_CHUNK = 500  # rows in one transaction: 50,000 at once would hold workers up for 250 ms
_PAUSE_SECONDS = 0.02


class Maintenance(Service):
    """What is done every ``interval`` seconds."""

    log = Logger()
    name = "maintenance"

    def __init__(
        self,
        reactor: Any,
        *,
        interval: float,
        store_path: str,
        keep_seconds: float,
        drop_path: str,
        on_rotate: Callable[[str], None],
    ) -> None:
        """``keep_seconds`` 0 keeps jobs for ever."""
        self._reactor = reactor
        self._interval = interval
        self._store_path = store_path
        self._keep_seconds = keep_seconds
        self._drop_path = drop_path
        self._on_rotate = on_rotate
        self._loop: LoopingCall | None = None

    def startService(self) -> None:
        """Begin; the first round is now."""
        super().startService()
        self._loop = LoopingCall(self._round)
        self._loop.clock = self._reactor
        self._loop.start(self._interval).addErrback(
            lambda failure: self.log.failure("maintenance ended", failure)
        )

    def stopService(self) -> "Deferred[LoopingCall] | None":
        """End; a clean-up under way is waited for."""
        super().stopService()
        if self._loop is None or not self._loop.running:
            return None
        loop, self._loop = self._loop, None
        done = loop.deferred
        loop.stop()
        return done

    def _round(self) -> "Deferred[None]":
        return Deferred.fromCoroutine(self._work())

    async def _work(self) -> None:
        try:
            self._look_for_drop_file()
            if self._keep_seconds > 0:
                removed = await deferToThread(self._prune)
                if removed:
                    self.log.info("{count} old jobs were removed", count=removed)
        except Exception:
            # One bad round (a full disk, say) must not be the last one.
            self.log.failure("a round of maintenance failed")

    def _look_for_drop_file(self) -> None:
        # It is removed when the rotation is done, so that a crash in between forgets nothing.
        if os.path.exists(self._drop_path):
            self._on_rotate("a key was removed while the master was not listening")

    def _prune(self) -> int:
        connection = database.connect(self._store_path)
        try:
            before, total = time.time() - self._keep_seconds, 0
            while self.running and (removed := database.prune(connection, before, _CHUNK)):
                total += removed
                time.sleep(_PAUSE_SECONDS)  # in a thread of its own: let the workers write
            return total
        finally:
            connection.close()
