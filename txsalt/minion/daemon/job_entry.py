"""
One job in the runner's hands, from its publication to its end.
"""

import os
import signal
from collections.abc import Callable
from typing import Any, Protocol  # results are maps of any msgpack value

from twisted.internet.defer import Deferred

from txsalt.jobs import verdict
from txsalt.jobs.state_runs import StateRun
from txsalt.light import define, field
from txsalt.minion.daemon.job_control import Record
from txsalt.wire import job_loads
from txsalt.wire.job_loads import Publication

# How programs end that get no memory, and whom the kernel ends for want of it.
_FOR_LACK_OF_MEMORY = (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)
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


@define(eq=False)
class Job:
    """A job that waits or runs; ``done`` gets its result."""

    publication: Publication
    done: Callable[[Record], None]
    due: float | None = None  # the clock's seconds: its deadline, which counts from its arrival
    timeout: float | None = field(init=False, default=None)  # seconds that it may run, once started
    handle: Handle | None = None
    ended_by: int | None = None  # the signal that somebody asked for
    since: float = 0.0  # when it started, in seconds of the daemon's clock
    state_run: StateRun | None = None
    waits_for: str = ""  # what a job that has started says that it waits for

    @property
    def jid(self) -> str:
        """Its id."""
        return self.publication.jid

    @property
    def user(self) -> str:
        """Who published it."""
        return str(self.publication.load.get("user") or "")

    @property
    def pid(self) -> int:
        """Its process, 0 before it has one."""
        return (self.handle.pid or 0) if self.handle is not None else 0

    def signal(self, number: int) -> int:
        """Signal it, since somebody asked for that; return its pid."""
        self.ended_by = number
        if self.handle is not None:
            self.handle.signal(number)
        return self.pid

    def record(self) -> Record:
        """Tell of it as ``saltutil.running`` does."""
        load = self.publication.load
        record: Record = {"pid": self.pid}
        record |= {name: load.get(name, "") for name in _SPEC}
        record |= {"jid": self.jid, "tgt_type": self.publication.tgt_type}
        if "schedule" in load:
            record["schedule"] = load["schedule"]
        if self.waits_for:
            return record | {"state": "waiting", "waits": self.waits_for}
        return record | {"state": "running"}

    def result_of(self, end: End, memory_mib: int) -> Record:
        """Return its result, or where it left none, what is known; memory: what it might have."""
        if end.result is not None:
            return end.result
        if self.ended_by is not None:
            return verdict.of_kill(self.ended_by)
        if self.timeout is not None and end.seconds >= self.timeout:
            return verdict.of_timeout(round(self.timeout, 1))
        if end.status is None:
            return error("the program that runs jobs ended, and the job with it")
        code = os.waitstatus_to_exitcode(end.status)
        died = verdict.of_death(-code) if code < 0 else verdict.of_death(None, code)
        if code in _FOR_LACK_OF_MEMORY:
            died["return"] += _memory_hint(code, memory_mib)
        return died


def deadline(publication: Publication, now: float) -> float | None:
    """Return when the caller's patience ends; stock masters send no such field."""
    seconds = job_loads.deadline(publication.load)
    return None if seconds is None else now + seconds


def error(text: str) -> Record:
    """Return the result of a job that could not run."""
    return {"return": f"ERROR: {text}", "retcode": 1, "success": False, "out": "nested"}


def _memory_hint(code: int, memory_mib: int) -> str:
    if code == -signal.SIGKILL:
        return "; not on request: perhaps by the kernel, as the machine had no memory left"
    return f"; its memory is limited to {memory_mib} MiB (job_memory_max)" if memory_mib else ""
