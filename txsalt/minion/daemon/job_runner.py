"""
Run publications as jobs: a bounded number at once, the others in the order in which they came.

Interactions: the listener gives publications; the zygote runs them; results go to the returns.
What asks about running jobs is answered here, without a place in the pool.

Source: PROTOCOL sections 12 and 14; house.md section 4 (on stop: no new job, running ones end).
"""

import os
import signal
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol  # loads are maps of any msgpack value

from attrs import define, field, frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txsalt.events import tags
from txsalt.jobs import verdict
from txsalt.minion.daemon import job_fate
from txsalt.minion.daemon.job_control import JobControl, Record
from txsalt.minion.daemon.job_fate import JobFate
from txsalt.wire.job_loads import Load, Publication, return_load

_FIND_JOB = "saltutil.find_job"
_SPEC = ("fun", "arg", "tgt", "jid", "ret", "tgt_type", "user")


class End(Protocol):
    """How a job ended (the zygote's JobEnd)."""

    result: dict[str, Any] | None
    status: int | None
    seconds: float


class Handle(Protocol):
    """A job in the zygote (its JobHandle)."""

    pid: int | None
    ended: Deferred[Any]

    def signal(self, number: int) -> None:
        """Signal its process group."""


class Starter(Protocol):
    """What the runner needs of the zygote."""

    def start(self, jid: str, load: Load, timeout: float | None = None) -> Handle:
        """Start a job."""


@frozen(kw_only=True)
class RunnerSettings:
    """The options of the runner; times in seconds."""

    minion_id: str
    limit: int
    timeout: float | None = None
    grace: float = 5.0  # at the stop, for running jobs; then TERM, and as long again, then KILL


@define(eq=False)
class _Job:
    publication: Publication
    done: Callable[[Record], None]
    due: float | None = None  # the clock's seconds: its deadline, which counts from its arrival
    timeout: float | None = field(init=False, default=None)  # seconds that it may run, once started
    handle: Handle | None = None
    ended_by: int | None = field(default=None)  # the signal that somebody asked for
    since: float = 0.0  # when it started, in seconds of the daemon's clock


def pool_limit(process_count_max: int) -> int:
    """Return how many jobs may run at once; without a limit in the configuration, by the cores."""
    return process_count_max if process_count_max > 0 else max(4, 2 * (os.cpu_count() or 1))


class JobRunner(Service):
    """The pool, its queue, and the answers about both."""

    name = "job runner"
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        zygote: Starter,
        settings: RunnerSettings,
        deliver: Callable[[Load], None],
        fire: Callable[[str, Any], None],
        fate: JobFate | None = None,
    ) -> None:
        """
        ``deliver`` gets ``_return`` loads, ``fire(tag, data)`` events for the master.

        ``fate`` knows of jobs that neither run nor wait.
        """
        self._clock = clock
        self._zygote = zygote
        self._settings = settings
        self._deliver = deliver
        self._fire = fire
        self._fate = fate or JobFate(lambda _: None)
        self._queue: deque[_Job] = deque()
        self._running: list[_Job] = []
        self._control = JobControl(self)
        self._all_ended: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None

    def run(self, publication: Publication) -> None:
        """Run a publication and deliver its return; nothing happens once the runner stops."""
        if not self.running:
            return
        self._fate.heard(publication.jid, is_ours=True)
        answer = self._control.answer(publication.fun, publication.arg)
        if answer is not None:
            self._return(publication, answer)
            return
        due = _deadline(publication, self._clock.seconds())
        self._add(_Job(publication, lambda result: self._return(publication, result), due))

    def run_own(self, jid: str, fun: str, done: Callable[[Record], None]) -> None:
        """Run a function that nobody published; ``done`` gets its result."""
        load: Load = {"fun": fun, "arg": [], "jid": jid, "tgt": "", "ret": "", "user": ""}
        publication = Publication(
            jid=jid, tgt=self._settings.minion_id, tgt_type="glob", fun=fun, arg=[], load=load
        )
        if self.running:
            self._add(_Job(publication, done))

    def records(self) -> list[Record]:
        """List the jobs that run, then those that wait, as ``saltutil.running`` shows them."""
        return [_record(job) for job in [*self._running, *self._queue]]

    def fate_of(self, jid: str) -> job_fate.Fate:
        """Say what became of a job: see ``job_fate``."""
        now = self._clock.seconds()
        for job in self._running:
            if job.publication.jid == jid:
                return {"state": "running", "seconds": round(now - job.since, 1)}
        for position, job in enumerate(self._queue, 1):
            if job.publication.jid == jid:
                return {"state": "queued", "position": position}
        return self._fate.of(jid)

    def signal(self, jid: str, number: int) -> int | None:
        """Signal a job; one that waits does not start. See JobControl."""
        for job in self._running:
            if job.publication.jid == jid:
                job.ended_by = number
                job.handle.signal(number)
                return job.handle.pid or 0
        for job in self._queue:
            if job.publication.jid == jid:
                self._queue.remove(job)
                job.done(verdict.of_kill(number))
                return 0
        return None

    def stopService(self) -> Deferred[None]:
        """Take no job, drop those that wait, and wait until the others have ended or were ended."""
        super().stopService()
        queue, self._queue = self._queue, deque()
        for job in queue:
            job.done(_error("the minion stopped before the job could start"))
        self._all_ended = Deferred()
        if self._running:
            self.log.info("waiting for {count} jobs", count=len(self._running))
            self._end_after_grace([signal.SIGTERM, signal.SIGKILL])
        else:
            self._all_ended.callback(None)
        return self._all_ended

    def _end_after_grace(self, numbers: list[int]) -> None:
        def end() -> None:
            self._timer = None
            for job in list(self._running):
                job.ended_by = numbers[0]
                job.handle.signal(numbers[0])
            if self._running and numbers[1:]:
                self._end_after_grace(numbers[1:])

        self._timer = self._clock.callLater(self._settings.grace, end)

    def _add(self, job: _Job) -> None:
        if len(self._running) < self._settings.limit:
            self._start(job)
            return
        self._queue.append(job)
        self.log.info(
            "job {jid} waits: {count} jobs run", jid=job.publication.jid, count=len(self._running)
        )

    def _start(self, job: _Job) -> None:
        publication = job.publication
        job.timeout = self._time_for(job)
        if job.timeout is not None and job.timeout <= 0:
            job.done(_error("the job waited for others until its deadline, and did not start"))
            return
        self.log.info("job {jid} starts: {fun}", jid=publication.jid, fun=publication.fun)
        if publication.load.get("start_event"):
            self._fire_start(publication)
        # The names of the wire, checked: a job's load may hold the jid as a number.
        load = {**publication.load, "jid": publication.jid}
        job.handle = self._zygote.start(publication.jid, load, job.timeout)
        job.since = self._clock.seconds()
        self._running.append(job)
        job.handle.ended.addCallback(self._ended, job)
        job.handle.ended.addErrback(
            lambda failure: self.log.failure("while returning a job", failure=failure)
        )

    def _ended(self, end: End, job: _Job) -> None:
        self._running.remove(job)
        jid = job.publication.jid
        self.log.info("job {jid} ended after {seconds:.1f} s", jid=jid, seconds=end.seconds)
        try:
            job.done(end.result if end.result is not None else self._died(end, job))
        finally:
            self._next()

    def _next(self) -> None:
        while self._queue and len(self._running) < self._settings.limit:
            self._start(self._queue.popleft())
        if not self._running and self._all_ended is not None and not self._all_ended.called:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._all_ended.callback(None)

    def _time_for(self, job: _Job) -> float | None:
        left = None if job.due is None else job.due - self._clock.seconds()
        limits = [each for each in (self._settings.timeout, left) if each is not None]
        return min(limits) if limits else None

    def _died(self, end: End, job: _Job) -> Record:
        if job.ended_by is not None:
            return verdict.of_kill(job.ended_by)
        if job.timeout is not None and end.seconds >= job.timeout:
            return verdict.of_timeout(round(job.timeout, 1))
        if end.status is None:
            return _error("the program that runs jobs ended, and the job with it")
        code = os.waitstatus_to_exitcode(end.status)
        if code < 0:
            return verdict.of_death(-code)
        return verdict.of_death(None, code)

    def _return(self, publication: Publication, result: Record) -> None:
        for event in result.get("events") or ():
            if isinstance(event, dict) and "tag" in event:
                self._fire(event["tag"], event.get("data"))
        stamp = datetime.fromtimestamp(self._clock.seconds(), UTC).isoformat()
        load = return_load(
            publication.load, self._settings.minion_id, result, stamp, jid=publication.jid
        )
        if publication.fun == _FIND_JOB and publication.arg:
            load[job_fate.FIELD] = self.fate_of(str(publication.arg[0]))
        self._deliver(load)

    def _fire_start(self, publication: Publication) -> None:
        minion_id, load = self._settings.minion_id, publication.load
        data = {"id": minion_id, "jid": publication.jid, "fun": publication.fun}
        data |= {name: load.get(name) for name in ("tgt", "tgt_type", "user")}
        if isinstance(load.get("metadata"), dict):
            data["metadata"] = load["metadata"]
        self._fire(tags.job_start(publication.jid, minion_id), data)


def _deadline(publication: Publication, now: float) -> float | None:
    """Return when the caller's patience ends; stock masters send no such field."""
    seconds = publication.load.get("deadline")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        return None
    return now + seconds


def _record(job: _Job) -> Record:
    load = job.publication.load
    record: Record = {"pid": (job.handle.pid or 0) if job.handle is not None else 0}
    record |= {name: load.get(name, "") for name in _SPEC}
    return record | {"jid": job.publication.jid, "tgt_type": job.publication.tgt_type}


def _error(text: str) -> Record:
    return {"return": f"ERROR: {text}", "retcode": 1, "success": False, "out": "nested"}
