"""
Run jobs in forked children, through the zygote program.

The zygote is started by the first job and retired after a time without any; when it dies, its jobs
end without a result and the next job starts another. While one that was retired still has jobs, a
second one runs beside it.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsalt.errors import BadEncoding, TxsaltError
from txsalt.light import define, frozen
from txsalt.process.ending import end_program
from txsalt.process.interfaces import IProcessReactor
from txsalt.process.spawn import Child, ExitStatus, spawn_program

_MODULE = "txsalt.minion.jobrunner"
_IDLE_SECONDS = 300.0
_ATTEMPTS = 2  # starts of a job whose zygote died before it forked the job

# (jid, name, arguments) -> the answer to a job's call, or its Deferred
OnCall = Callable[[str, str, dict], object]


@frozen
class JobEnd:
    """
    How a job ended.

    ``result`` is {return, retcode, success, …}, or None when the job died without one. ``status``
    is the wait status (os.waitstatus_to_exitcode reads it), None when the zygote died with the job.
    """

    result: dict | None
    status: int | None
    seconds: float


@define(eq=False)
class JobHandle:
    """One job. ``pid`` is None until it was forked; ``ended`` fires once and never fails."""

    jid: str
    ended: Deferred[JobEnd]
    pid: int | None = None
    send_signal: Callable[[str, int], None] | None = None  # given the jid too

    def signal(self, number: int) -> None:
        """Send a signal to the job's whole process group; without effect once it has ended."""
        if self.send_signal is not None:
            self.send_signal(self.jid, number)


@define(eq=False)
class _Running:
    """A job within one zygote."""

    handle: JobHandle
    start: Mapping[str, object]  # the frame, for a second attempt
    began: float
    attempts: int = 1


class _Generation:
    """One zygote process and its jobs."""

    def __init__(self) -> None:
        self.child: Child | None = None
        self.jobs: dict[str, _Running] = {}
        self.retired = False

    def send(self, message: Mapping[str, object]) -> None:
        """Send to the zygote; without effect when it has gone."""
        if self.child is not None:
            self.child.send(message)

    def retire(self) -> None:
        """Take no more jobs; end with the last."""
        self.retired = True
        if self.jobs:
            self.send({"kind": "retire"})
        elif self.child is not None:
            self.child.close_input()


class Zygote:
    """Starts jobs, and zygotes for them as needed."""

    log = Logger()

    def __init__(
        self,
        reactor: IProcessReactor,
        config: Mapping[str, object],
        on_call: OnCall,
        *,
        idle_seconds: float = _IDLE_SECONDS,
        arguments: Sequence[str] = (),
    ) -> None:
        """
        Start nothing yet. ``config`` is the map of options that jobs see.

        ``on_call`` answers the calls of jobs; what it raises is told to the job. ``arguments`` go
        to the program (another module than ours, in tests).
        """
        self._reactor = reactor
        self._config = dict(config)
        self._on_call = on_call
        self._idle_seconds = idle_seconds
        self._arguments = list(arguments)
        self._facts: dict[str, object] = {"kind": "facts", "grains": {}, "pillar": {}}
        self._current: _Generation | None = None
        self._generations: set[_Generation] = set()
        self._idle: IDelayedCall | None = None
        self._stopped = False

    @property
    def running(self) -> list[str]:
        """The jids of the jobs that run or wait to be forked."""
        return [jid for generation in self._generations for jid in generation.jobs]

    def set_facts(self, grains: Mapping[str, object], pillar: Mapping[str, object]) -> None:
        """Give later jobs these grains and this pillar."""
        self._facts = {"kind": "facts", "grains": dict(grains), "pillar": dict(pillar)}
        if self._current is not None:
            self._current.send(self._facts)

    def renew(self) -> None:
        """
        Run later jobs in a new zygote, as after new modules came; running ones are not touched.
        """
        self._stop_idling()
        generation, self._current = self._current, None
        if generation is not None:
            generation.retire()

    def start(
        self, jid: str, load: Mapping[str, object], timeout: float | None = None
    ) -> JobHandle:
        """
        Start a job; ``load`` is the publication's inner map.

        After ``timeout`` seconds its group is ended by TERM, then KILL. A jid that runs already and
        a job after the stop end at once without a result; where no process can be started, or the
        load not be sent, the result says so.
        """
        frame: dict[str, object] = {"kind": "start", "jid": jid, "load": dict(load)}
        if timeout is not None:
            frame["timeout"] = timeout
        handle = JobHandle(jid, Deferred(), send_signal=self._signal)
        if jid in self.running:
            self.log.warn("job {jid} runs already and is not started again", jid=jid)
            handle.ended.callback(JobEnd(None, None, 0.0))
        else:
            self._run(_Running(handle, frame, self._reactor.seconds()))
        return handle

    def stop(self) -> Deferred[None]:
        """End all jobs and zygotes; fires when nothing is left. Twice is no error."""
        self._stopped = True
        self._stop_idling()
        self._current = None
        children = [g.child for g in self._generations if g.child is not None]
        endings = [end_program(child, self._reactor) for child in children]
        return gatherResults(endings).addCallback(lambda _: None)

    def _run(self, job: _Running) -> None:
        if self._stopped:
            job.handle.ended.callback(self._end_without_result(job))
            return
        try:
            generation = self._usable()
            self._stop_idling()
            generation.send(job.start)
        except (OSError, BadEncoding) as exc:
            reason = (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
            self.log.error("job {jid} is not started: {why}", jid=job.handle.jid, why=reason)
            self._begin_idling()
            job.handle.ended.callback(_refused(reason))
            return
        generation.jobs[job.handle.jid] = job

    def _usable(self) -> _Generation:
        """
        Give the zygote that takes jobs, started now if there is none.

        Raises OSError if the system starts none, BadEncoding for facts that cannot be sent.
        """
        if self._current is not None:
            return self._current
        generation = _Generation()
        generation.child = child = spawn_program(
            self._reactor,
            _MODULE,
            self._arguments,
            on_message=lambda message: self._received(generation, message),
            on_output=lambda line: self.log.info("jobs: {line}", line=line),
        )
        child.ended.addCallback(self._gone, generation)
        self._generations.add(generation)
        try:
            child.send({"kind": "hello", "config": self._config})
            child.send(self._facts)
        except BadEncoding:
            child.close_input()  # it would run jobs without options and facts
            raise
        self._current = generation
        return generation

    def _received(self, generation: _Generation, message: dict) -> None:
        kind = message["kind"]
        if kind == "ready":
            self.log.debug("the job program is ready")
            return
        job = generation.jobs.get(message["jid"])
        if job is None:
            return
        if kind == "started":
            job.handle.pid = message["pid"]
        elif kind == "call":
            self._called(generation, message)
        elif kind == "ended":
            self._ended(generation, job, message)
        else:
            self.log.warn("a frame of an unknown kind: {kind}", kind=kind)

    def _called(self, generation: _Generation, message: dict) -> None:
        jid, name = message["jid"], message["name"]
        answer = {"kind": "answer", "jid": jid, "call": message["call"]}

        def answered(value: object) -> None:
            generation.send({**answer, "value": value})

        def refused(failure: Failure) -> None:
            if not failure.check(TxsaltError):
                self.log.failure("{name} for job {jid}", failure, name=name, jid=jid)
            generation.send({**answer, "error": failure.getErrorMessage()})

        deferred = maybeDeferred(self._on_call, jid, name, message["arguments"])
        deferred.addCallback(answered).addErrback(refused)
        deferred.addErrback(lambda failure: self.log.failure("answering a job", failure))

    def _ended(self, generation: _Generation, job: _Running, message: dict) -> None:
        del generation.jobs[job.handle.jid]
        if not generation.jobs:
            if generation.retired:
                generation.retire()
            else:
                self._begin_idling()
        job.handle.ended.callback(JobEnd(message["result"], message["status"], message["seconds"]))

    def _gone(self, status: ExitStatus, generation: _Generation) -> ExitStatus:
        self._generations.discard(generation)
        if self._current is generation:
            self._current = None
            self._stop_idling()
        jobs, generation.jobs = list(generation.jobs.values()), {}
        if jobs and not self._stopped:
            self.log.error(
                "the job program ended with {status} and {count} jobs",
                status=status,
                count=len(jobs),
            )
        for job in jobs:
            # Its "started" is written right after the fork, and all that was written was read.
            if job.handle.pid is None and job.attempts < _ATTEMPTS:
                job.attempts += 1
                self._run(job)
            else:
                _end_group(job.handle.pid)
                job.handle.ended.callback(self._end_without_result(job))
        return status

    def _end_without_result(self, job: _Running) -> JobEnd:
        return JobEnd(None, None, self._reactor.seconds() - job.began)

    def _signal(self, jid: str, number: int) -> None:
        for generation in self._generations:
            if jid in generation.jobs:
                generation.send({"kind": "signal", "jid": jid, "signal": int(number)})

    def _begin_idling(self) -> None:
        if self._current is None or self._current.jobs or self._stopped:
            return
        self._stop_idling()
        self._idle = self._reactor.callLater(self._idle_seconds, self.renew)

    def _stop_idling(self) -> None:
        if self._idle is not None and self._idle.active():
            self._idle.cancel()
        self._idle = None


def _refused(reason: str) -> JobEnd:
    text = f"ERROR: the program that runs jobs cannot be started, or not get this one: {reason}"
    return JobEnd({"return": text, "retcode": 1, "success": False, "out": "nested"}, None, 0.0)


def _end_group(pid: int | None) -> None:
    """End what a job started: the kernel ended the job itself, with a zygote that was killed."""
    if pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
