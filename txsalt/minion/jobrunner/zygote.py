"""
Fork jobs for the minion daemon: a loop over descriptors 3 and 4, one thread, no reactor, no sockets
but those to its own jobs.

Interactions: frames from the daemon (hello, facts, start, signal, answer) and to it (ready,
started, call, ended); docs/architecture.md has the table. The end of descriptor 3 is the end of all
jobs.
"""

import contextlib
import gc
import logging
import os
import selectors
import signal
import socket
import time
from typing import NoReturn

from txsalt.fork import fork
from txsalt.minion.jobrunner.child import Assignment, Work, become_job, result_of_refusal
from txsalt.minion.jobrunner.job import Job
from txsalt.minion.jobrunner.spare import Spare
from txsalt.wire.pipe import Decoder, encode

log = logging.getLogger(__name__)

_CHUNK = 1 << 18
_BREATH = 0.002  # seconds without work before a spare is forked: first the return leaves
_LOOK_AGAIN = 0.02  # seconds, at a group that is being ended
_READ = selectors.EVENT_READ
_READ_WRITE = selectors.EVENT_READ | selectors.EVENT_WRITE


class Zygote:
    """The fork server."""

    def __init__(self, work: Work, fd_in: int, fd_out: int) -> None:
        """``work`` is what each job runs; ``fd_in`` and ``fd_out`` are the daemon's pipes."""
        self._work = work
        self._in = fd_in
        self._out = fd_out
        self._pid = os.getpid()
        self._decoder = Decoder()
        self._jobs: dict[str, Job] = {}
        self._facts: dict[str, dict] = {"config": {}, "grains": {}, "pillar": {}}
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = os.pipe()
        self._serving = True
        self._spare: Spare | None = None
        self._ending: set[Spare] = set()
        self._retired = False
        self._wants_spare = False

    def serve(self) -> None:
        """Work until the daemon closes its end or SIGTERM comes, then kill what runs."""
        for fd in (self._in, self._out):
            os.set_inheritable(fd, False)  # what a job executes does not get them
        for fd in (self._in, self._wake_in, self._wake_out):
            os.set_blocking(fd, False)
        self._heed_signals()
        self._selector.register(self._in, _READ, self._daemon_spoke)
        self._selector.register(self._wake_in, _READ, self._stop)
        gc.collect()
        gc.freeze()  # else the first collection in each job would copy every page
        try:
            self._say({"kind": "ready"})
            while self._serving:
                ready = self._selector.select(self._next_deadline())
                if not ready and self._wants_spare:
                    self._make_spare()
                for key, _ in ready:
                    # An earlier one of this batch may have ended the job that this one was about,
                    # and another job may have its descriptor already.
                    if self._selector.get_map().get(key.fd) is key:
                        key.data()
                self._enforce_deadlines()
        except BrokenPipeError:
            pass
        finally:
            self._drop_spare()
            for job in self._jobs.values():
                job.signal(signal.SIGKILL)

    def _heed_signals(self) -> None:
        # Ctrl-C in a terminal reaches the whole group; the daemon decides what it means for jobs.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake_out, warn_on_full_buffer=False)

    def _stop(self) -> None:
        self._serving = False

    def _daemon_spoke(self) -> None:
        data = os.read(self._in, _CHUNK)
        if not data:
            self._stop()
            return
        for message in self._decoder.feed(data):
            self._obey(message)

    def _obey(self, message: dict) -> None:
        kind = message["kind"]
        if kind == "hello":
            self._learn(config=message["config"])
        elif kind == "facts":
            self._learn(grains=message["grains"], pillar=message["pillar"])
        elif kind == "retire":
            self._retired = True
            self._drop_spare()
        elif kind == "start":
            self._start(message["jid"], message["load"], message.get("timeout"))
        elif kind == "signal":
            if (job := self._jobs.get(message["jid"])) is not None:
                job.signal(message["signal"])
        elif kind == "answer":
            self._answer(message)
        else:
            log.warning("the daemon sent a frame of an unknown kind: %s", kind)

    def _learn(self, **facts: dict) -> None:
        self._facts |= facts
        self._drop_spare()
        self._wants_spare = True

    def _start(self, jid: str, load: dict, timeout: float | None) -> None:
        if jid in self._jobs:
            log.warning("job %s runs already and is not started again", jid)
            return
        assignment = Assignment(jid, load)
        child = self._given_to_spare(assignment) or self._fork(assignment)
        if isinstance(child, OSError):
            result = result_of_refusal(f"The minion cannot start a process: {child.strerror}")
            self._say_ended(jid, 1 << 8, result, 0.0, 0.0)
            return
        self._watch(Job(jid, child.pid, child.link, child.exit_fd, timeout))
        self._say({"kind": "started", "jid": jid, "pid": child.pid})
        self._wants_spare = True

    def _fork(self, assignment: Assignment | None) -> Spare | OSError:
        """Fork a child for a job, or a spare one."""

        def become(ours: socket.socket, theirs: socket.socket) -> NoReturn:
            close = [*self._descriptors(), ours.fileno()]
            become_job(
                self._work, assignment, theirs, self._facts, zygote_pid=self._pid, close=close
            )

        forked = fork(become)
        if isinstance(forked, OSError):
            return forked
        # The child does the same: whoever comes first, a signal to the group reaches it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(forked.pid, forked.pid)
        return Spare(forked.pid, forked.link, forked.exit_fd)

    def _given_to_spare(self, assignment: Assignment) -> Spare | None:
        spare = self._spare
        if spare is None or not spare.take(assignment):
            self._drop_spare()
            return None
        self._spare = None
        self._selector.unregister(spare.exit_fd)
        return spare

    def _make_spare(self) -> None:
        self._wants_spare = False
        if self._spare is not None or self._retired:
            return
        spare = self._fork(None)
        if not isinstance(spare, OSError):
            self._spare = spare
            self._selector.register(spare.exit_fd, _READ, lambda: self._spare_ended(spare))

    def _drop_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            # Its end is not waited for: it may be stuck in a file system that does not answer.
            self._ending.add(spare)
            spare.kill()

    def _spare_ended(self, spare: Spare) -> None:
        # One that ended by itself is not replaced before there is a job: it may do so again.
        if self._spare is spare:
            self._drop_spare()
        self._ending.discard(spare)
        self._selector.unregister(spare.exit_fd)
        spare.reap()

    def _watch(self, job: Job) -> None:
        self._jobs[job.jid] = job
        job.link.setblocking(False)
        self._selector.register(job.link, _READ, lambda: self._job_spoke(job))
        self._selector.register(job.exit_fd, _READ, lambda: self._job_exited(job))

    def _descriptors(self) -> list[int]:
        """Everything that a job must not keep."""
        own = [self._in, self._out, self._wake_in, self._wake_out, self._selector.fileno()]
        spares = [*self._ending, *([self._spare] if self._spare is not None else [])]
        own += [fd for spare in spares for fd in spare.descriptors]
        return own + [fd for job in self._jobs.values() for fd in job.descriptors]

    def _job_spoke(self, job: Job) -> None:
        calls, more = job.read()
        for call in calls:
            self._relay(job, call)
        if job.outgoing:
            job.write()
        if more:
            self._selector.modify(
                job.link,
                _READ_WRITE if job.outgoing else _READ,
                lambda: self._job_spoke(job),
            )
        else:
            self._selector.unregister(job.link)
            job.link.close()

    def _relay(self, job: Job, call: dict) -> None:
        if call["kind"] != "call":
            return
        known = {key: call.get(key) for key in ("kind", "call", "name", "arguments")}
        self._say({**known, "jid": job.jid})

    def _answer(self, message: dict) -> None:
        job = self._jobs.get(message["jid"])
        if job is None or job.link.fileno() < 0:
            return
        job.outgoing += encode(message)
        self._selector.modify(job.link, _READ_WRITE, lambda: self._job_spoke(job))

    def _job_exited(self, job: Job) -> None:
        job.exited()
        self._selector.unregister(job.exit_fd)  # it stays readable
        if not job.lingers():
            self._job_ended(job)

    def _job_ended(self, job: Job) -> None:
        _, status, usage = os.wait4(job.pid, 0)
        # Not the end of the socket but the end of the process counts: a daemon that the job left
        # behind may hold the socket for years.
        job.drain()
        if job.link.fileno() >= 0:
            self._selector.unregister(job.link)
            job.link.close()
        os.close(job.exit_fd)
        del self._jobs[job.jid]
        seconds = time.monotonic() - job.started
        self._say_ended(job.jid, status, job.result, seconds, usage.ru_utime + usage.ru_stime)

    def _say_ended(
        self, jid: str, status: int, result: dict | None, seconds: float, cpu_seconds: float
    ) -> None:
        self._say(
            {
                "kind": "ended",
                "jid": jid,
                "status": status,
                "result": result,
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
            }
        )

    def _say(self, message: dict) -> None:
        # Blocks while the pipe is full: the daemon always reads, or has gone.
        data = memoryview(encode(message))
        while data:
            data = data[os.write(self._out, data) :]

    def _next_deadline(self) -> float | None:
        if self._wants_spare:
            return _BREATH
        now = time.monotonic()
        due = [job.deadline for job in self._jobs.values() if job.deadline is not None]
        due += [now + _LOOK_AGAIN for job in self._jobs.values() if job.has_exited]
        return max(0.0, min(due) - now) if due else None

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        for job in list(self._jobs.values()):
            if job.has_exited and not job.lingers():
                self._job_ended(job)
            elif job.deadline is not None and job.deadline <= now:
                log.warning("job %s is ended: it ran for %.1f s", job.jid, now - job.started)
                job.out_of_time()
