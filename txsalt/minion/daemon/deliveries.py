"""
Give returns to returners: on disk first, then by a job, again and again while a returner is down.

Interactions: job runner and schedule put returns; each returner has its own queue and one job at a
time in the zygote, beside the pool, so that neither jobs nor the master's return wait for it. Only
such a job runs the code of a returner and opens its connections.

Source: docs/architecture.md; issue "the minion at work".
"""

import contextlib
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txsalt.jobs.returner_names import names_in
from txsalt.light import define, field
from txsalt.minion.daemon.outbox import Entry, Load, Outbox
from txsalt.wire import serial

EXPIRY = 24 * 3600.0  # seconds
MOST_AT_ONCE = 50  # returns for one job
MOST_BYTES = 16 * 1024 * 1024  # of them, unless one alone has more; no frame may have 256 MiB
LEAST_WAIT = 5.0
MOST_WAIT = 300.0
_PATIENCE = 120.0  # seconds for one job
_GRACE = 3.0  # seconds at the stop
_MIB = 1024 * 1024
_FROM_PUBLICATION = ("ret_config", "ret_kwargs")


class Handle(Protocol):
    """A job in the zygote."""

    ended: Deferred[Any]


Start = Callable[[str, Load, float | None], Handle]


@define(eq=False)
class _Lane:
    """What waits for one returner."""

    returner: str
    queue: deque[Entry] = field(factory=deque)
    running: Deferred[Any] | None = None
    batch: list[Entry] = field(factory=list)  # what is under way
    pause: IDelayedCall | None = None
    failures: int = 0
    one_by_one: bool = False  # a job died: it is not known of which return


class Deliveries(Service):
    """The queues of all returners. ``put`` also works before the start and after the stop."""

    name = "deliveries"
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        outbox: Outbox,
        start: Start,
        always: Sequence[str] = (),
        uniform: Callable[[float, float], float] = random.uniform,
        *,
        most_mib: int = 0,
    ) -> None:
        """
        ``start`` is the zygote's; returners of ``always`` get the return of each job.

        ``most_mib`` is what all may take that wait; 0: any number.
        """
        self._clock = clock
        self._outbox = outbox
        self._start = start
        self._always = tuple(always)
        self._uniform = uniform
        self._lanes: dict[str, _Lane] = {}
        self._most = most_mib * _MIB
        self._bytes = 0
        self._number = 0

    def waiting(self, returner: str) -> int:
        """Return how many returns a returner has not taken."""
        lane = self._lanes.get(returner)
        return len(lane.queue) if lane is not None else 0

    def startService(self) -> None:
        """Read what a former run left, and go on with it. Raises OSError."""
        super().startService()
        left = self._outbox.entries(slim=True)
        for entry in left:
            self._bytes += entry.size
            self._lane(str(entry.load.get("returner"))).queue.append(entry)
        if left:
            self.log.info("{count} returns of a former run go to returners", count=len(left))
        self._make_room()
        for lane in list(self._lanes.values()):
            self._send(lane)

    def stopService(self) -> Deferred[None]:
        """Wait a moment for what is under way; the rest stays on disk."""
        super().stopService()
        for lane in self._lanes.values():
            if lane.pause is not None and lane.pause.active():
                lane.pause.cancel()
        running = [lane.running for lane in self._lanes.values() if lane.running is not None]
        done: Deferred[Any] = DeferredList([_follow(each) for each in running], consumeErrors=True)
        done.addTimeout(_GRACE, self._clock)
        return done.addBoth(lambda _: self._save_all())

    def take(self, publication: Load, load: Load) -> None:
        """Put the return of a published job, if it is for any returner."""
        returners = [*names_in(publication.get("ret")), *self._always]
        if returners:
            ret = {name: value for name, value in load.items() if name != "cmd"}
            ret |= {name: publication[name] for name in _FROM_PUBLICATION if publication.get(name)}
            self.put(ret, returners)

    def put(self, ret: Load, returners: Sequence[str]) -> None:
        """Store a return for each returner and deliver it when its turn comes. Never raises."""
        now = self._clock.seconds()
        for name in dict.fromkeys(returners):
            parcel: Load = {"returner": name, "jid": ret.get("jid"), "ret": ret}
            try:
                entry = self._outbox.put(parcel, now).slim()
            except (OSError, TypeError, ValueError) as exc:
                self.log.error(
                    "the return of job {jid} for {returner} is kept in memory only: {reason}",
                    jid=ret.get("jid"),
                    returner=name,
                    reason=exc,
                )
                entry = Entry(path="", since=now, load=parcel, size=_size_of(parcel))
            lane = self._lane(name)
            lane.queue.append(entry)
            self._bytes += entry.size
            self._make_room()
            self._send(lane)

    def _lane(self, returner: str) -> _Lane:
        return self._lanes.setdefault(returner, _Lane(returner))

    def _send(self, lane: _Lane) -> None:
        is_paused = lane.pause is not None and lane.pause.active()
        if not self.running or lane.running is not None or is_paused:
            return
        lane.batch, rets, trouble = self._next_of(lane)
        if not rets:
            lane.one_by_one = False
            if trouble:
                self._wait(lane, trouble)
            return
        self._number += 1
        load = {"fun": "", "returner": lane.returner, "rets": rets}
        # No jid: nobody asks for this job.
        handle = self._start(f"returner-{self._number}", load, _PATIENCE)
        lane.running = handle.ended
        handle.ended.addCallback(self._ended, lane, lane.batch)
        handle.ended.addErrback(lambda failure: self.log.failure("a delivery", failure=failure))

    def _next_of(self, lane: _Lane) -> tuple[list[Entry], list[Load], str]:
        """Read what the next job delivers, and say why some cannot be read now."""
        batch: list[Entry] = []
        rets: list[Load] = []
        trouble, size = "", 0
        for entry in list(lane.queue):
            size += entry.size
            is_full = len(batch) == (1 if lane.one_by_one else MOST_AT_ONCE) or size > MOST_BYTES
            if batch and is_full:
                break
            try:
                load = self._outbox.load_of(entry) or {}
            except OSError as exc:
                trouble = f"they cannot be read: {exc.strerror or exc}"
                continue
            if isinstance(load.get("ret"), dict):
                batch.append(entry)
                rets.append(load["ret"])
            else:
                self._refuse(lane, entry, "it is gone from the disk, or damaged there")
        return batch, rets, trouble

    def _ended(self, end: Any, lane: _Lane, batch: list[Entry]) -> None:
        lane.running = None
        lane.batch = []
        outcomes = end.result.get("return") if end.result is not None else None
        if not isinstance(outcomes, list) or not outcomes:
            lane.one_by_one = True
            why = outcomes or "the job that delivers ended without a result"
            outcomes = [{"failed": why}]
        trouble = ""
        for entry, outcome in zip(batch, outcomes, strict=False):
            if outcome is None:
                self._forget(lane, entry)
            elif isinstance(outcome, dict) and "refused" in outcome:
                self._refuse(lane, entry, outcome["refused"])
            else:
                trouble = str(outcome.get("failed") if isinstance(outcome, dict) else outcome)
                # Perhaps this one cannot be taken at all: it must not hold up the others.
                with contextlib.suppress(ValueError):
                    lane.queue.remove(entry)
                    lane.queue.append(entry)
        if trouble and self.running:
            # After a try: the machine may have been off since, or its clock set.
            self._drop_expired(lane, batch[: len(outcomes)])
            self._wait(lane, trouble)
        elif not trouble:
            lane.failures = 0
        self._send(lane)

    def _wait(self, lane: _Lane, trouble: str) -> None:
        lane.failures += 1
        say = self.log.warn if lane.failures == 1 else self.log.debug
        say(
            "{count} returns wait for returner {returner}: {why}",
            count=len(lane.queue),
            returner=lane.returner,
            why=trouble,
        )
        seconds = min(LEAST_WAIT * 2 ** min(lane.failures - 1, 10), MOST_WAIT)
        seconds = self._uniform(seconds, seconds * 1.5)
        lane.pause = self._clock.callLater(seconds, self._send, lane)

    def _refuse(self, lane: _Lane, entry: Entry, reason: object) -> None:
        self.log.error(
            "the return of job {jid} does not go to returner {returner}: {why}",
            jid=entry.jid,
            returner=lane.returner,
            why=reason,
        )
        self._forget(lane, entry)

    def _drop_expired(self, lane: _Lane, tried: list[Entry]) -> None:
        now = self._clock.seconds()
        left = [each for each in tried if each in lane.queue]
        for entry in [each for each in left if now - each.since > EXPIRY]:
            self.log.error(
                "the return of job {jid} is given up: for {hours:.0f} hours returner {returner} "
                "did not take it",
                jid=entry.jid,
                hours=(now - entry.since) / 3600,
                returner=lane.returner,
            )
            self._forget(lane, entry)

    def _make_room(self) -> None:
        """Drop what waits longest for the returner with the most, but not what is under way."""
        while self._most and self._bytes > self._most:
            lane = max(self._lanes.values(), key=lambda each: len(each.queue))
            entry = next((each for each in lane.queue if each not in lane.batch), None)
            if entry is None or len(lane.queue) == 1:
                return
            self.log.error(
                "the return of job {jid} for returner {returner} is dropped: those that wait take "
                "more than {most} MiB (outbox_max_mib)",
                jid=entry.jid,
                returner=lane.returner,
                most=self._most // _MIB,
            )
            self._forget(lane, entry)

    def _save_all(self) -> None:
        """At the stop: store what the disk did not take before, or say that it is lost."""
        for lane in self._lanes.values():
            for at, entry in enumerate(lane.queue):
                try:
                    lane.queue[at] = self._outbox.save(entry).slim()
                except (OSError, TypeError, ValueError) as exc:
                    self.log.error(
                        "the return of job {jid} for {returner} is lost if the minion ends now: "
                        "{reason}",
                        jid=entry.jid,
                        returner=lane.returner,
                        reason=exc,
                    )

    def _forget(self, lane: _Lane, entry: Entry) -> None:
        with contextlib.suppress(ValueError):  # stored meanwhile, as the minion ends
            lane.queue.remove(entry)
            self._bytes -= entry.size
        try:
            self._outbox.remove(entry)
        except OSError:
            self.log.failure("a delivered return stays on disk and will be delivered again")


def _size_of(load: Load) -> int:
    try:
        return len(serial.pack(load))
    except (TypeError, ValueError):
        return 0


def _follow(deferred: Deferred[Any]) -> Deferred[None]:
    """Return one that fires after ``deferred``, and whose cancelling does not cancel it."""
    follower: Deferred[None] = Deferred()

    def tell(result: Any) -> Any:
        if not follower.called:
            follower.callback(None)
        return result

    deferred.addBoth(tell)
    return follower
