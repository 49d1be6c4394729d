"""
The functions about running jobs, answered by the daemon itself, at once, even when the pool is
full.

Tools call a job lost whose ``saltutil.find_job`` is not answered.

Source: PROTOCOL section 14; Salt 3008.3, modules/saltutil.py for the shapes.
"""

import fnmatch
import inspect
import signal
from collections.abc import Callable, Sequence
from typing import Any, Protocol  # arguments and results are any msgpack value

from txsalt.jobs import verdict
from txsalt.jobs.arguments import load_args_and_kwargs
from txsalt.jobs.errors import SaltInvocationError

Record = dict[str, Any]


class Jobs(Protocol):
    """What the control needs of the job runner."""

    def records(self) -> list[Record]:
        """List the jobs in hand: {pid, fun, arg, tgt, jid, ret, tgt_type, user}."""

    def signal(self, jid: str, number: int) -> int | None:
        """Signal a job; the pid that got it (0 before its start), None for an unknown job."""


class JobControl:
    """``answer`` gives the verdict for such a function, None for every other."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._functions: dict[str, Callable[..., Any]] = {
            "saltutil.find_job": self.find_job,
            "saltutil.running": self.running,
            "saltutil.is_running": self.is_running,
            "saltutil.signal_job": self.signal_job,
            "saltutil.term_job": self.term_job,
            "saltutil.kill_job": self.kill_job,
            "saltutil.term_all_jobs": self.term_all_jobs,
            "saltutil.kill_all_jobs": self.kill_all_jobs,
        }

    def answer(self, fun: object, arg: Sequence[Any]) -> Record | None:
        """Run ``fun`` if it is about running jobs; return {return, retcode, success, …}."""
        function = self._functions.get(fun) if isinstance(fun, str) else None
        if function is None:
            return None
        try:
            args, kwargs = load_args_and_kwargs(inspect.signature(function), arg)
            return verdict.of_value(function(*args, **kwargs))
        except Exception as exc:  # the edge: whatever the arguments were, the job is answered
            return verdict.of_exception(str(fun), exc, inspect.getdoc(function))

    def find_job(self, jid: str) -> Record:
        """Return the record of one running job, or an empty map."""
        return next((each for each in self._jobs.records() if each["jid"] == str(jid)), {})

    def running(self) -> list[Record]:
        """Return the records of all running jobs."""
        return self._jobs.records()

    def is_running(self, fun: str) -> list[Record]:
        """Return the records of the running jobs whose function matches the pattern ``fun``."""
        return [each for each in self._jobs.records() if _matches(each["fun"], str(fun))]

    def signal_job(self, jid: str, sig: int) -> str:
        """Send signal ``sig`` to a job and all its processes."""
        try:
            number = signal.Signals(int(sig))
        except (TypeError, ValueError):
            raise SaltInvocationError(f"{sig!r} is no signal") from None
        pid = self._jobs.signal(str(jid), number)
        return "" if pid is None else f"Signal {int(number)} sent to job {jid} at pid {pid}"

    def term_job(self, jid: str) -> str:
        """Ask a job to end."""
        return self.signal_job(jid, signal.SIGTERM)

    def kill_job(self, jid: str) -> str:
        """End a job."""
        return self.signal_job(jid, signal.SIGKILL)

    def term_all_jobs(self) -> list[str]:
        """Ask all jobs to end."""
        return [self.term_job(each["jid"]) for each in self._jobs.records()]

    def kill_all_jobs(self) -> list[str]:
        """End all jobs."""
        return [self.kill_job(each["jid"]) for each in self._jobs.records()]


def _matches(fun: str | list[str], pattern: str) -> bool:
    names = [fun] if isinstance(fun, str) else fun
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)
