"""
Run publications as jobs: a bounded number at once, the others wait, their users in turn.

Interactions: the listener gives publications; the zygote runs them; results go to the returns.
What asks about running jobs is answered here, without a place in the pool. Of state runs there is
one at a time: a second one waits without a place, or is refused at once, as it asks.

Source: PROTOCOL sections 12 and 14; house.md section 4 (on stop: no new job, running ones end).
"""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol  # loads are maps of any msgpack value

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txsalt.events import tags
from txsalt.jobs import state_runs, verdict
from txsalt.light import frozen
from txsalt.minion.daemon import job_fate
from txsalt.minion.daemon.fair_queue import FairQueue
from txsalt.minion.daemon.job_control import JobControl, Record
from txsalt.minion.daemon.job_entry import End, Handle, Job, deadline, error
from txsalt.minion.daemon.job_fate import JobFate
from txsalt.wire.job_loads import Load, Publication, return_load

_FIND_JOB = "saltutil.find_job"


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
    state_queue: bool | int = False  # what a state run does that does not say it
    memory_mib: int = 0  # what a job is limited to, to tell it
    grace: float = 5.0  # at the stop, for running jobs; then TERM, and as long again, then KILL


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
        to_returners: Callable[[Load, Load], None] = lambda publication, load: None,
    ) -> None:
        """
        ``deliver`` gets ``_return`` loads, ``fire(tag, data)`` events for the master.

        ``fate`` knows of jobs that neither run nor wait; ``to_returners`` gets the load of each
        publication and that of its return.
        """
        self._clock = clock
        self._zygote = zygote
        self._settings = settings
        self._deliver = deliver
        self._fire = fire
        self._fate = fate or JobFate(lambda _: None)
        self._to_returners = to_returners
        self._queue: FairQueue[Job] = FairQueue()
        self._running: list[Job] = []
        self._is_starting = False
        self._control = JobControl(self)
        self._all_ended: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None

    def run(self, publication: Publication) -> None:
        """Run a publication and deliver its return; nothing happens once the runner stops."""
        if not self.running:
            return
        self._fate.heard(publication.jid, is_ours=True)
        try:
            self._take(publication)
        except Exception as exc:  # the edge: who published waits for a return
            self.log.failure("job {jid} is not taken", jid=publication.jid)
            self._return(publication, error(f"the minion could not take the job: {exc}"))

    def _take(self, publication: Publication) -> None:
        answer = self._control.answer(publication.fun, publication.arg)
        if answer is not None:
            self._return(publication, answer)
            return
        due = deadline(publication, self._clock.seconds())
        self._admit(Job(publication, lambda result: self._return(publication, result), due))

    def run_own(
        self, jid: str, fun: str, done: Callable[[Record], None], more: Load | None = None
    ) -> Callable[[], int]:
        """
        Run a function that nobody published; ``done`` gets its result.

        ``more`` are further fields of its load, as ``arg``. Returns what tells its pid, or 0.
        """
        load: Load = {"fun": fun, "arg": [], "jid": jid, "tgt": "", "ret": "", "user": ""}
        load |= more or {}
        mine = self._settings.minion_id
        job = Job(
            Publication(jid=jid, tgt=mine, tgt_type="glob", fun=fun, arg=load["arg"], load=load),
            done,
        )
        if self.running:
            self._admit(job)
        return lambda: job.pid

    def records(self) -> list[Record]:
        """List the jobs that run, then those that wait, as ``saltutil.running`` shows them."""
        return [
            *(job.record() for job in self._running),
            *(self._queued(job, at) for at, job in enumerate(self._queue, 1)),
        ]

    def about_jobs(self, fun: object, arg: Any) -> Record | None:
        """Answer a function about running jobs; None for every other. See JobControl."""
        return self._control.answer(fun, arg)

    def waits(self, jid: str, reason: str) -> None:
        """Note what a job that has started waits for before it works; "": for nothing any more."""
        for job in self._running:
            if job.jid == jid:
                job.waits_for = reason

    def fate_of(self, jid: str) -> job_fate.Fate:
        """Say what became of a job: see ``job_fate``."""
        now = self._clock.seconds()
        for job in self._running:
            if job.jid == jid:
                return {"state": "running", "seconds": round(now - job.since, 1)}
        for position, job in enumerate(self._queue, 1):
            if job.jid == jid:
                return {"state": "queued", "position": position}
        return self._fate.of(jid)

    def signal(self, jid: str, number: int) -> int | None:
        """Signal a job; one that waits does not start. See JobControl."""
        for job in self._running:
            if job.jid == jid:
                return job.signal(number)
        for job in list(self._queue):
            if job.jid == jid:
                self._queue.remove(job)
                job.done(verdict.of_kill(number))
                return 0
        return None

    def stopService(self) -> Deferred[None]:
        """Take no job, drop those that wait, and wait until the others have ended or were ended."""
        super().stopService()
        for job in self._queue.clear():
            job.done(error("the minion stopped before the job could start"))
        self._all_ended = Deferred()
        if self._running:
            self.log.info("waiting for {count} jobs", count=len(self._running))
            self._end_after_grace([signal.SIGTERM, signal.SIGKILL])
        else:
            self._all_ended.callback(None)
        return self._all_ended

    def _admit(self, job: Job) -> None:
        job.state_run = state_runs.state_run(
            job.publication.fun, job.publication.arg, self._settings.state_queue
        )
        refusal = self._refusal(job)
        if refusal is not None:
            job.done(refusal)
        else:
            self._add(job)

    def _queued(self, job: Job, position: int) -> Record:
        more = {"state": "queued", "position": position, "waits": self._why(job)}
        return {**job.record(), **more}

    def _end_after_grace(self, numbers: list[int]) -> None:
        def end() -> None:
            self._timer = None
            for job in list(self._running):
                job.signal(numbers[0])
            if self._running and numbers[1:]:
                self._end_after_grace(numbers[1:])

        self._timer = self._clock.callLater(self._settings.grace, end)

    def _add(self, job: Job) -> None:
        publication = job.publication
        self._queue.put(job.user, job)
        self._start_next()
        if job.handle is None and self._is_queued(job):
            self.log.info("job {jid} waits: {why}", jid=publication.jid, why=self._why(job))

    def _is_queued(self, job: Job) -> bool:
        return any(each is job for each in self._queue)

    def _refusal(self, job: Job) -> Record | None:
        """Refuse a state run that does not wait, while others run or wait before it."""
        if job.state_run is None:
            return None
        before = [each for each in [*self._running, *self._queue] if each.state_run is not None]
        if not before or job.state_run.waits(len(before)):
            return None
        first = before[0]
        fun, jid = first.state_run.fun, first.jid
        if first.handle is None:
            return state_runs.refused_with(f'The function "{fun}" waits to run, with jid {jid}')
        return state_runs.refusal(fun, first.pid, jid, first.since)

    def _may_start(self, job: Job) -> bool:
        return job.state_run is None or all(each.state_run is None for each in self._running)

    def _why(self, job: Job) -> str:
        for each in self._running if job.state_run is not None else ():
            if each.state_run is not None:
                holder = {"fun": each.state_run.fun, "pid": each.pid, "jid": each.jid}
                return f"for {state_runs.describe(holder)}"
        return f"{len(self._running)} jobs run"

    def _start(self, job: Job) -> None:
        publication = job.publication
        job.timeout = self._time_for(job)
        if job.timeout is not None and job.timeout <= 0:
            job.done(error("the job waited for others until its deadline, and did not start"))
            return
        self.log.info("job {jid} starts: {fun}", jid=publication.jid, fun=publication.fun)
        if publication.load.get("start_event"):
            self._attempt(self._fire_start, publication)
        # The names of the wire, checked: a job's load may hold the jid as a number.
        load = {**publication.load, "jid": publication.jid}
        try:
            job.handle = self._zygote.start(publication.jid, load, job.timeout)
        except Exception as exc:  # the edge: whatever is wrong, who waits is told
            self.log.failure("job {jid} does not start", jid=publication.jid)
            job.done(error(f"the minion could not start the job: {exc}"))
            return
        job.since = self._clock.seconds()
        self._running.append(job)
        job.handle.ended.addCallback(self._ended, job)
        job.handle.ended.addErrback(
            lambda failure: self.log.failure("while returning a job", failure=failure)
        )

    def _ended(self, end: End, job: Job) -> None:
        self._running.remove(job)
        jid = job.jid
        self.log.info("job {jid} ended after {seconds:.1f} s", jid=jid, seconds=end.seconds)
        try:
            job.done(job.result_of(end, self._settings.memory_mib))
        finally:
            self._next()

    def _start_next(self) -> None:
        if self._is_starting:
            return  # a job that ended as it started; the loop below goes on with the next
        self._is_starting = True
        try:
            while len(self._running) < self._settings.limit:
                job = self._queue.take(self._may_start)
                if job is None:
                    return
                self._start(job)
        finally:
            self._is_starting = False

    def _next(self) -> None:
        self._start_next()
        if not self._running and self._all_ended is not None and not self._all_ended.called:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._all_ended.callback(None)

    def _time_for(self, job: Job) -> float | None:
        left = None if job.due is None else job.due - self._clock.seconds()
        limits = [each for each in (self._settings.timeout, left) if each is not None]
        return min(limits) if limits else None

    def _return(self, publication: Publication, result: Record) -> None:
        self._attempt(self._fire_events, result)
        stamp = datetime.fromtimestamp(self._clock.seconds(), UTC).isoformat()
        load = return_load(
            publication.load, self._settings.minion_id, result, stamp, jid=publication.jid
        )
        if publication.fun == _FIND_JOB and publication.arg:
            load[job_fate.FIELD] = self.fate_of(str(publication.arg[0]))
        self._attempt(self._to_returners, publication.load, load)
        self._deliver(load)

    def _attempt(self, deed: Callable[..., None], *arguments: Any) -> None:
        """Do what must not keep a return from its way, whatever comes of it."""
        try:
            deed(*arguments)
        except Exception:
            self.log.failure("beside a job")

    def _fire_events(self, result: Record) -> None:
        for event in result.get("events") or ():
            if isinstance(event, dict) and "tag" in event:
                self._fire(event["tag"], event.get("data"))

    def _fire_start(self, publication: Publication) -> None:
        minion_id, load = self._settings.minion_id, publication.load
        data: Record = {"id": minion_id, "jid": publication.jid, "fun": publication.fun}
        data |= {name: load.get(name) for name in ("tgt", "tgt_type", "user")}
        if isinstance(load.get("metadata"), dict):
            data["metadata"] = load["metadata"]
        self._fire(tags.job_start(publication.jid, minion_id), data)
