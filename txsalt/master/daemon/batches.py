"""
Run batches: publish a job part by part, as its plan wants, whoever watches or does not.

Interactions: a worker stores a job with a plan and sends a ``batch`` frame; here one coroutine
drives each batch by the machine in jobs/batch.py. Parts are jobs of their own, with jids of their
own; their returns come over the bus, are copied to the batch's jid and told under it. What is
unfinished when the master ends goes on when it starts again.

Source: PROTOCOL section 14; Salt 3008.3, cli/batch_async.py for the tags of start and end.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any  # the reactor, which mypy cannot see through zope; loads

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from txsalt.errors import Replayed
from txsalt.events import tags
from txsalt.jobs import exit_codes
from txsalt.jobs.batch import Ask, Batch, Deadline, Finished, Start, Wait
from txsalt.jobs.gather import ABSENT
from txsalt.jobs.jid import JidClock
from txsalt.master.daemon.event_publisher import EventPublisher
from txsalt.master.daemon.publish_relay import PublishRelay
from txsalt.master.store.batches import BatchFile, StoredBatch
from txsalt.master.store.jobs import Job
from txsalt.protocol.presence import Standing
from txsalt.wire import job_loads
from txsalt.wire.job_loads import without_secrets

_TRIES = 100
_AGAIN_SECONDS = 10.0
_COMING_SECONDS = 0.5
_LOOK, _LOOK_SECONDS = "", 2.0  # a look is planned beside batches; what a worker said has come then
_LEAST_SECONDS = 0.1  # of a deadline: none at all would be no deadline
_NEW_JOB = ("jid", "tgt_type", "tgt", "user", "fun", "arg")


@define(eq=False)
class _Running:
    jid: str
    job: Job
    machine: Batch
    # What came in and was not taken yet.
    returned: dict[str, dict[str, dict[str, Any]]] = field(factory=lambda: defaultdict(dict))
    answers: dict[str, set[str]] = field(factory=dict)
    known_missing: set[str] = field(factory=set)
    done: Deferred[None] | None = None
    bell: Deferred[None] | None = None

    def take_in(self, part: str, minion_id: str, load: dict[str, Any], now: float) -> None:
        """
        Keep a return until it is taken.

        Minions end the job at its deadline themselves: what they return of that comes just after
        it, and must not pass for an end in time, however busy the master is. It is in the store,
        where the end of the batch finds it.
        """
        deadline = self.machine.deadline
        if deadline is None or deadline.left(now) > 0:
            self.returned[part][minion_id] = load

    def wake(self) -> None:
        bell, self.bell = self.bell, None
        if bell is not None:
            bell.callback(None)


class Batches(Service):
    """All batches that run."""

    log = Logger()
    name = "batches"

    def __init__(
        self,
        reactor: Any,
        publisher: EventPublisher,
        relay: PublishRelay,
        store_path: str,
        standing: Callable[[str, float], Standing],
    ) -> None:
        """``standing(id, seconds)``: whether one gets what is published, for a job so old."""
        self._reactor = reactor
        self._publisher = publisher
        self._relay = relay
        self._standing = standing
        self._store = BatchFile(store_path)
        self._running: dict[str, _Running] = {}
        self._parts: dict[str, _Running] = {}
        self._questions: dict[str, _Running] = {}
        self._beginnings: set[Deferred[None]] = set()
        self._again: dict[str, Any] = {}  # delayed calls
        self._jids = JidClock()
        publisher.listen(tags.JOB_PREFIX, self._heard, lambda: bool(self._running))

    def startService(self) -> "Deferred[None]":
        """Go on with what is unfinished."""
        super().startService()
        return Deferred.fromCoroutine(self._start())

    def stopService(self) -> "Deferred[Any]":
        """Leave all as they are; the store knows."""
        super().stopService()
        for call in self._again.values():
            call.cancel()
        self._again.clear()
        going = [each.done for each in self._running.values() if each.done is not None]
        waiting = [*going, *self._beginnings]
        for each in waiting:
            each.cancel()
        return DeferredList(waiting, consumeErrors=True)

    def begin(self, message: dict[str, Any]) -> None:
        """Take in a worker's ``batch`` frame."""
        if self.running:
            self._launch(message["jid"])

    def stop(self, message: dict[str, Any]) -> None:
        """Take in a worker's ``batch_stop`` frame; the store knows already."""
        running = self._running.get(message["jid"])
        if running is None:
            return
        for part, ids in running.machine.halt().items():
            self._send(running, self._new_jid(), message["function"], [part], ids)
        running.wake()

    def look_again(self) -> None:
        """A worker died: perhaps after it stored a batch, and before it said so."""
        if self.running and _LOOK not in self._again:
            self._again[_LOOK] = self._reactor.callLater(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        del self._again[_LOOK]
        Deferred.fromCoroutine(self._start()).addErrback(self._not_seen)

    def _not_seen(self, failure: Any) -> None:
        self.log.failure("it is not known if a batch was forgotten; it is looked again", failure)
        self.look_again()

    async def _start(self) -> None:
        for jid in await deferToThread(self._store.running):
            if self.running and jid not in self._running and jid not in self._again:
                self.log.info("batch {jid} goes on", jid=jid)
                self._launch(jid)

    def _launch(self, jid: str) -> None:
        beginning = Deferred.fromCoroutine(self._begin(jid))
        self._beginnings.add(beginning)
        beginning.addErrback(self._broke_off, jid)
        beginning.addBoth(lambda _: self._beginnings.discard(beginning))

    async def _begin(self, jid: str) -> None:
        stored = await deferToThread(self._store.load, jid)
        if stored is None or stored.outcome is not None or jid in self._running:
            return
        running = self._running[jid] = _Running(jid, stored.job, _machine(stored, self._now()))
        running.known_missing = set(stored.missing)
        for part in stored.parts:
            self._parts[part] = running
        if not stored.parts:
            self._fire_start(running)
        running.done = Deferred.fromCoroutine(self._drive(running))
        running.done.addErrback(self._broke_off, jid)
        running.done.addBoth(self._forget, running)

    async def _drive(self, running: _Running) -> None:
        while True:
            await self._take(running)
            match running.machine.due(self._now()):
                case Start(ids):
                    await self._begin_part(running, ids)
                case Ask(ids):
                    self._ask(running, ids)
                case Wait(seconds):
                    if not running.returned and not running.answers:
                        await self._rest(running, seconds)
                case Finished() as finished:
                    await self._end(running, finished)
                    return

    async def _take(self, running: _Running) -> None:
        """Take in what came: into the store, then onto the bus, then into the machine."""
        machine = running.machine
        answers, running.answers = running.answers, {}
        for minion_id, jids in answers.items():
            machine.answered(minion_id, jids, self._now())
        arrived, running.returned = running.returned, defaultdict(dict)
        lost = {
            each: reason
            for each, reason in machine.missing.items()
            if each not in running.known_missing
        }
        if not arrived and not lost:
            return
        by_part = {part: list(loads) for part, loads in arrived.items()}
        await deferToThread(self._store.save_progress, running.jid, by_part, lost)
        running.known_missing |= lost.keys()
        for loads in arrived.values():
            for minion_id, load in loads.items():
                if machine.returned(minion_id, exit_codes.succeeded(load), self._now()):
                    told = {**load, "jid": running.jid}
                    self._publisher.fire(tags.job_return(running.jid, minion_id), told)

    async def _begin_part(self, running: _Running, ids: tuple[str, ...]) -> None:
        """Start those who are there; whoever is surely away is missing, and takes no place."""
        waited = self._now() - running.job.created
        found = {each: self._standing(each, waited) for each in ids}
        absent = [each for each, standing in found.items() if standing is Standing.ABSENT]
        there = tuple(each for each, standing in found.items() if standing is Standing.THERE)
        running.machine.absent(absent)
        if there:
            await self._publish_part(running, there)
        elif not absent:
            await self._rest(running, _COMING_SECONDS)

    async def _publish_part(self, running: _Running, ids: tuple[str, ...]) -> None:
        for _ in range(_TRIES):
            part = self._part(running, ids)
            try:
                await deferToThread(self._store.save_part, running.jid, part)
                break
            except Replayed:
                continue  # a worker made the same jid
        else:
            raise Replayed
        self._parts[part.jid] = running
        running.machine.started(part.jid, ids, self._now())
        about = {name: part.load.get(name) for name in _NEW_JOB}
        self._publisher.fire(tags.job_new(part.jid), {**about, "minions": list(ids), "missing": []})
        self._publisher.fire(tags.batch_part(running.jid), {"part": part.jid, "minions": list(ids)})
        self._relay.publish(part.load, list(ids))
        self._publisher.fire(tags.job_publish(part.jid), without_secrets(part.load))

    def _part(self, running: _Running, ids: tuple[str, ...]) -> Job:
        jid = self._new_jid()
        now = self._now()
        load = {**running.job.load, "jid": jid, "tgt": list(ids), "tgt_type": "list"}
        if (deadline := running.machine.deadline) is not None:
            load["deadline"] = max(_LEAST_SECONDS, round(deadline.left(now), 3))
        return Job(jid=jid, created=now, load=load, minions=list(ids))

    def _ask(self, running: _Running, ids: tuple[str, ...]) -> None:
        jid = self._new_jid()
        self._questions[jid] = running
        self._send(running, jid, "saltutil.running", [], list(ids))

    def _send(
        self, running: _Running, jid: str, function: str, arg: list[str], ids: list[str]
    ) -> None:
        load = {
            "fun": function,
            "arg": arg,
            "tgt": ids,
            "tgt_type": "list",
            "jid": jid,
            "ret": "",
            "user": running.job.load.get("user", ""),
        }
        self._relay.publish(load, ids)

    async def _rest(self, running: _Running, seconds: float) -> None:
        running.bell = Deferred()
        alarm = self._reactor.callLater(max(seconds, 0.01), running.wake)
        try:
            await running.bell
        finally:
            running.bell = None
            if alarm.active():
                alarm.cancel()

    async def _end(self, running: _Running, finished: Finished) -> None:
        await self._take(running)  # who was given up just now
        machine, not_started = running.machine, finished.not_started
        ended = "stopped" if not_started else "done"
        outcome = {
            "state": "deadline" if finished.late else ended,
            "not_started": list(not_started),
            "ended": self._now(),
        }
        unheard = await deferToThread(self._store.end, running.jid, outcome)
        if not finished.late:
            for minion_id, load in unheard.items():
                machine.returned(minion_id, exit_codes.succeeded(load), self._now())
            self._tell(running.jid, unheard)
        down = {each for each, reason in machine.missing.items() if reason == ABSENT}
        data = {
            "available_minions": list(machine.minions),
            "down_minions": sorted(down),
            "done_minions": sorted(machine.returned_well),
            "timedout_minions": sorted(machine.missing.keys() - down),
            "not_started": list(not_started),
            "metadata": running.job.load.get("metadata", {}),
        }
        self._publisher.fire(tags.batch_done(running.jid), data)
        if finished.late:  # they must not pass for an end in time: whoever watches knows by now
            self._tell(running.jid, unheard)
        self.log.info("batch {jid} has ended", jid=running.jid)

    def _tell(self, jid: str, loads: Mapping[str, dict[str, Any]]) -> None:
        for minion_id, load in loads.items():
            self._publisher.fire(tags.job_return(jid, minion_id), {**load, "jid": jid})

    def _fire_start(self, running: _Running) -> None:
        data = {
            "available_minions": list(running.machine.minions),
            "down_minions": [],
            "metadata": running.job.load.get("metadata", {}),
        }
        self._publisher.fire(tags.batch_start(running.jid), data)

    def _heard(self, tag: str, data: dict[str, Any]) -> None:
        returned = tags.parse_return(tag) if self._running else None
        if returned is None:
            return
        if (running := self._questions.get(returned.jid)) is not None:
            records = data.get("return")
            found = records if isinstance(records, list) else []
            jids = {str(each.get("jid")) for each in found if isinstance(each, dict)}
            running.answers[returned.id] = jids
        elif (running := self._parts.get(returned.jid)) is not None:
            running.take_in(returned.jid, returned.id, data, self._now())
        else:
            return
        running.wake()

    def _forget(self, _: object, running: _Running) -> None:
        self._running.pop(running.jid, None)
        for table in (self._parts, self._questions):
            for jid in [jid for jid, owner in table.items() if owner is running]:
                del table[jid]

    def _broke_off(self, failure: Any, jid: str) -> None:
        if failure.check(CancelledError):
            return
        self.log.failure("batch {jid} broke off; it is taken up again", failure, jid=jid)
        if self.running:
            # The disk may be full for a while. What was stored counts, so nobody is started twice.
            self._again[jid] = self._reactor.callLater(_AGAIN_SECONDS, self._take_up, jid)

    def _take_up(self, jid: str) -> None:
        del self._again[jid]
        self._launch(jid)

    def _new_jid(self) -> str:
        return self._jids.make(datetime.fromtimestamp(self._now(), UTC))

    def _now(self) -> float:
        return float(self._reactor.seconds())


def _machine(stored: StoredBatch, now: float) -> Batch:
    seconds, began = job_loads.deadline(stored.job.load), stored.job.created
    deadline = None if seconds is None else Deadline(seconds, began + seconds)
    machine = Batch(stored.plan, tuple(stored.job.minions), deadline)
    machine.resume(stored.parts, stored.returned_well, stored.missing, now)
    return machine
