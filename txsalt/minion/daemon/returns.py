"""
Send returns until the master acknowledged each: in order, one at a time, across restarts of both.

State before effect: a return is in the outbox before it is sent. What is sent twice (a lost
reply) is harmless to the master. A return that the master answers but refuses goes behind the
others.

Source: PROTOCOL sections 7.4 and 12; house.md rule 4.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Any  # replies are any msgpack value

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsalt.errors import RemoteError, RequestTimedOut
from txsalt.light import evolve, frozen
from txsalt.minion.daemon.outbox import Entry, Load, Outbox
from txsalt.wire import serial

EXPIRY = 24 * 3600.0  # seconds
MOST_WAIT = 300.0
# The master ends the connection of a longer message, which would then be sent for ever.
LONGEST = 60 * 1024 * 1024
_NOT_TAKEN = "the master could not take it"


@frozen(kw_only=True)
class ReturnSettings:
    """Seconds: a try waits for its answer, and after a failure, by chance between the two."""

    timer: float = 5.0
    timer_max: float = 10.0
    grace: float = 2.0  # at the stop, for what still waits


class Returns(Service):
    """The queue of returns. ``put`` also works before the start and after the stop."""

    name = "returns"
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        outbox: Outbox,
        request: Callable[..., Deferred[Any]],
        settings: ReturnSettings,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """``request(load, timeout=, tries=)`` is the link's."""
        self._clock = clock
        self._outbox = outbox
        self._request = request
        self._settings = settings
        self._uniform = uniform
        self._queue: deque[Entry] = deque()
        self._sending: Deferred[None] | None = None
        self._busy = False
        self._pause: Deferred[None] | None = None
        self._emptied: list[Deferred[None]] = []
        self._failures = 0
        self._refusals: dict[str, str] = {}  # by jid

    @property
    def waiting(self) -> int:
        """How many returns the master has not acknowledged."""
        return len(self._queue)

    def trouble(self, jid: str) -> str | None:
        """Say why the return of a job is not taken: "" not yet known, None: none waits."""
        if not any(entry.jid == jid for entry in self._queue):
            return None
        return self._refusals.get(jid, "")

    def startService(self) -> None:
        """Read what a former run left, and begin to send. Raises OSError."""
        super().startService()
        self._queue.extendleft(reversed(self._outbox.entries()))
        if self._queue:
            self.log.info("{count} returns of a former run are sent", count=len(self._queue))
        self._send()

    def stopService(self) -> Deferred[None]:
        """Wait a moment for what is on its way; the rest stays in the outbox."""
        if not self.running:
            return Deferred.fromCoroutine(_nothing())
        return Deferred.fromCoroutine(self._stop())

    def put(self, load: Load) -> None:
        """Store a ``_return`` load and send it when its turn comes. Never raises."""
        load = self._sendable(load)
        now = self._clock.seconds()
        try:
            entry = self._outbox.put(load, now)
        except OSError as exc:
            self.log.error(
                "the return of job {jid} is kept in memory only: {reason}",
                jid=load.get("jid"),
                reason=exc.strerror or exc,
            )
            entry = Entry(path="", since=now, load=load)
        self._queue.append(entry)
        self._send()

    def hurry(self) -> None:
        """The master is there (again): do not wait any longer."""
        self._failures = 0
        if self._pause is not None:
            self._pause.cancel()

    def _sendable(self, load: Load) -> Load:
        try:
            size = len(serial.pack(load))
            reason = f"it has {size} bytes, the most is {LONGEST}" if size > LONGEST else ""
        except (TypeError, ValueError) as exc:
            reason = f"it cannot be packed ({type(exc).__name__})"
        if not reason:
            return load
        self.log.error("the result of job {jid} is not sent: {why}", jid=load["jid"], why=reason)
        text = f"ERROR: the result of this job is not sent: {reason}"
        replaced = {**load, "return": text, "retcode": 1, "success": False, "out": "nested"}
        return replaced if _is_short(replaced) else {**replaced, "fun_args": []}

    def _send(self) -> None:
        if self.running and not self._busy and self._queue:
            # Set first: where nothing waits, all is sent when fromCoroutine returns.
            self._busy = True
            self._sending = Deferred.fromCoroutine(self._send_all())
            self._sending.addErrback(self._broke_off)

    async def _send_all(self) -> None:
        while self._queue and self.running:
            entry = self._queue[0]
            trouble = await self._try(entry)
            if trouble is None:
                self._failures = 0
                self._forget(entry)
            elif self.running and self._is_expired(entry):
                # After a try: the machine may have been off since, or its clock set.
                self._forget(entry)
            elif self.running:
                await self._wait(entry, trouble)
        self._busy = False
        for emptied in self._emptied:
            emptied.callback(None)
        self._emptied.clear()

    async def _try(self, entry: Entry) -> str | None:
        seconds = self._uniform(self._settings.timer, self._settings.timer_max)
        try:
            answer = await self._request(entry.load, timeout=seconds, tries=1)
        except RequestTimedOut as exc:
            return str(exc)
        except RemoteError as exc:
            self._put_behind(entry, str(exc))
            return str(exc)
        if answer in ("", {}):  # the command failed there, or is not known
            self._put_behind(entry, _NOT_TAKEN)
            return _NOT_TAKEN
        return None

    async def _wait(self, entry: Entry, trouble: str) -> None:
        self._failures += 1
        say = self.log.warn if self._failures == 1 else self.log.debug
        say("the return of job {jid} waits: {why}", jid=entry.jid, why=trouble)
        chance = self._uniform(self._settings.timer, self._settings.timer_max)
        seconds = min(chance * 2 ** min(self._failures - 1, 10), MOST_WAIT)
        pause = self._pause = deferLater(self._clock, seconds)
        try:
            await pause
        except CancelledError:
            if not self.running:
                raise
        finally:
            self._pause = None

    def _put_behind(self, entry: Entry, reason: str) -> None:
        self._refusals[entry.jid] = reason
        self._queue.remove(entry)
        self._queue.append(entry)

    def _is_expired(self, entry: Entry) -> bool:
        age = self._clock.seconds() - entry.since
        if age <= EXPIRY:
            return False
        self.log.error(
            "the return of job {jid} is given up: for {hours:.0f} hours no master took it",
            jid=entry.jid,
            hours=age / 3600,
        )
        return True

    def _forget(self, entry: Entry) -> None:
        self._queue.remove(entry)
        self._refusals.pop(entry.jid, None)
        try:
            self._outbox.remove(entry)
        except OSError:
            self.log.failure("a sent return stays on disk and will be sent again")

    async def _stop(self) -> None:
        if self._queue and self._failures == 0 and self._busy:
            emptied: Deferred[None] = Deferred()
            self._emptied.append(emptied)
            try:
                await emptied.addTimeout(self._settings.grace, self._clock)
            except Exception as exc:
                self.log.debug("gave up waiting: {exc}", exc=exc)
        await _done(super().stopService())
        self._emptied.clear()
        if self._sending is not None:
            self._sending.cancel()
        if self._queue:
            self.log.info("{count} returns stay in the outbox", count=len(self._queue))
            self._queue = deque(evolve(each) for each in self._queue if not each.path)

    def _broke_off(self, failure: Failure) -> None:
        self._busy = False
        if not failure.check(CancelledError):
            self.log.failure("sending returns broke off", failure=failure)
            self._clock.callLater(self._settings.timer_max, self._send)
        elif self.running:
            self._send()


def _is_short(load: Load) -> bool:
    try:
        return len(serial.pack(load)) <= LONGEST
    except (TypeError, ValueError):
        return False


async def _nothing() -> None:
    """Stopped already."""


async def _done(_: object) -> None:
    """Service.stopService does its work at once."""
