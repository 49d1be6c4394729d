"""
Send returns until the master acknowledged each: in order, one at a time, across restarts of both.

State before effect: a return is in the outbox before it is sent. What is sent twice (a lost
reply) is harmless to the master. A return that the master answers but refuses goes behind the
others. None is too old: a master may be away for a weekend. Only where those that wait take more
than they may (``outbox_max_mib``) the first of them is dropped, and the log names it.

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
from txsalt.light import frozen
from txsalt.minion.daemon.outbox import Entry, Load, Outbox, split
from txsalt.wire import serial

MOST_WAIT = 300.0
# The master ends the connection of a longer message, which would then be sent for ever.
LONGEST = 60 * 1024 * 1024
# Bytes of waiting returns that are kept in memory, too; the loads of more are read when they leave.
_IN_MEMORY = 4 * 1024 * 1024
_MIB = 1024 * 1024
_NOT_TAKEN = "the master could not take it"


@frozen(kw_only=True)
class ReturnSettings:
    """Seconds: a try waits for its answer, and after a failure, by chance between the two."""

    timer: float = 5.0
    timer_max: float = 10.0
    grace: float = 2.0  # at the stop, for what still waits
    most_mib: int = 0  # of returns that wait; 0: any number


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
        self._bytes = 0
        self._trying: Entry | None = None
        self._refusals: dict[str, str] = {}  # by jid
        self._again = 0.0  # Unix time; refused ones wait until then

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
        in_memory = [each for each in self._queue if not each.path]
        self._queue = deque([*self._outbox.entries(slim=True), *in_memory])
        self._bytes = sum(each.size for each in self._queue)
        if self._queue:
            self.log.info("{count} returns of a former run are sent", count=len(self._queue))
        self._make_room()
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
            entry = Entry(path="", since=now, load=load, size=len(serial.pack(load)))
        else:
            self._save_others()
        self._bytes += entry.size
        if self._bytes > _IN_MEMORY:
            entry = entry.slim()
        held_up = self._pause is not None and all(
            each.jid in self._refusals for each in self._queue
        )
        self._queue.append(entry)
        self._make_room()
        if held_up and self._pause is not None:
            # The master answers: what it does not take must not hold up what it may take.
            self._queue.rotate(1)
            self._pause.cancel()
        self._send()

    def _save_others(self) -> None:
        """The disk takes returns: store those that it did not take before."""
        for at, entry in enumerate(self._queue):
            # One that is on its way is looked for as it is when that is over.
            if not entry.path and entry is not self._trying:
                try:
                    self._queue[at] = saved = self._outbox.save(entry)
                except OSError:
                    return
                self._bytes += saved.size - entry.size

    def hurry(self) -> None:
        """The master is there (again): do not wait any longer."""
        self._failures = 0
        self._again = 0.0
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
            left = self._again - self._clock.seconds()
            # More than it can be: the clock was set back.
            if 0 < left <= MOST_WAIT and entry.jid in self._refusals:
                await self._rest(left)
                continue
            trouble = await self._try(entry)
            if trouble is None:
                self._forget(entry)
                self._failures = self._failures if self._refusals else 0
            elif self.running:
                await self._wait(entry, trouble)
        self._busy = False
        for emptied in self._emptied:
            emptied.callback(None)
        self._emptied.clear()

    async def _try(self, entry: Entry) -> str | None:
        try:
            load = self._outbox.load_of(entry)
        except OSError as exc:
            why = f"it cannot be read: {exc.strerror or exc}"
            self._put_behind(entry, why)
            return why
        if load is None:
            self.log.error("the return of job {jid} is gone from the outbox", jid=entry.jid)
            return None
        self._trying = entry
        try:
            return await self._offer(entry, load)
        finally:
            self._trying = None

    async def _offer(self, entry: Entry, load: Load) -> str | None:
        seconds = self._uniform(self._settings.timer, self._settings.timer_max)
        try:
            answer = await self._request(load, timeout=seconds, tries=1)
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
        self._again = self._clock.seconds() + seconds
        await self._rest(seconds)

    async def _rest(self, seconds: float) -> None:
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

    def _make_room(self) -> None:
        """Drop what waits longest, but not what is on its way, nor the last one."""
        most = self._settings.most_mib * _MIB
        while most and self._bytes > most and len(self._queue) > 1:
            place = 1 if self._queue[0] is self._trying else 0
            if place == len(self._queue) - 1:
                return
            entry = self._queue[place]
            self.log.error(
                "the return of job {jid} ({fun}) is dropped: for {hours:.1f} hours no master took "
                "it, and those that wait take more than {most} MiB (outbox_max_mib)",
                jid=entry.jid,
                fun=entry.load.get("fun"),
                hours=(self._clock.seconds() - entry.since) / 3600,
                most=self._settings.most_mib,
            )
            self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        self._queue.remove(entry)
        self._bytes -= entry.size
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
        self._save_others()
        kept, lost = split(self._queue)
        if kept:
            self.log.info("{count} returns stay in the outbox", count=len(kept))
        for entry in lost:
            self.log.error(
                "the return of job {jid} ({fun}) is lost if the minion ends now: the disk did not"
                " take it, nor did the master",
                jid=entry.jid,
                fun=entry.load.get("fun"),
            )
        self._queue = deque(lost)
        self._bytes = sum(each.size for each in lost)

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
