"""
The lock of state runs: held by the process that runs one, the daemon's jobs and
``txsalt-cli call`` alike.

It is a record lock of the kernel's: it ends with its process, however that ends, and neither a
daemon that the run left behind nor a file that stays can hold it. Who holds it stands in the file,
for those who meet it; that text alone means nothing.
"""

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol  # arguments are whatever users typed

from txsalt.jobs import state_runs
from txsalt.jobs.errors import CommandExecutionError

log = logging.getLogger(__name__)

NAME = "state-run.lock"

_MOST = 4096  # bytes of the text about the holder


class Context(Protocol):
    """What is needed of a job's context."""

    config: dict[str, Any]
    jid: str

    def call(self, name: str, arguments: dict[str, Any]) -> object:
        """Ask the daemon."""


class StateRunRefused(Exception):
    """Another state run goes on, and this one does not wait; ``verdict`` says so to the user."""

    def __init__(self, verdict: dict[str, Any]) -> None:
        super().__init__("another state run goes on")
        self.verdict = verdict


@contextlib.contextmanager
def held(fun: str, arg: Sequence[Any], context: Context) -> Iterator[None]:
    """
    Hold the lock for this block if ``fun`` with ``arg`` is a state run.

    Waits for other runs, or raises StateRunRefused, as the run asks. Raises CommandExecutionError
    if the lock's file cannot be opened: two runs at once could break the machine.
    """
    wish = state_runs.state_run(fun, arg, context.config.get("state_queue", False))
    if wish is None:
        yield
        return
    descriptor = _open(os.path.join(str(context.config["cachedir"]), NAME))
    try:
        _take(descriptor, wish, context)
        _tell_others(descriptor, fun, context.jid)
        yield
    finally:
        os.close(descriptor)  # and with it goes the lock


def _open(path: str) -> int:
    try:
        os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as exc:
        raise CommandExecutionError(
            f"the lock of state runs, {path}, cannot be opened: {exc.strerror}"
        ) from exc


def _take(descriptor: int, wish: state_runs.StateRun, context: Context) -> None:
    if _try(descriptor):
        return
    holder = _holder(descriptor)
    if not wish.waits(1):
        raise StateRunRefused(_refusal(holder))
    whom = state_runs.describe(holder) if holder else "another state run"
    log.warning("%s waits for %s", wish.fun, whom)
    _tell(context, f"for {whom}")
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    _tell(context, "")


def _tell_others(descriptor: int, fun: str, jid: str) -> None:
    # Only for people: a full disk must not keep from its work the run that may clear it.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{fun} {os.getpid()} {jid} {int(time.time())}\n".encode(), 0)


def _try(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _refusal(holder: dict[str, Any]) -> dict[str, Any]:
    if not holder:
        return state_runs.refused_with("Another state run is at work on this machine")
    return state_runs.refusal(holder["fun"], holder["pid"], holder["jid"], holder["since"])


def _holder(descriptor: int) -> dict[str, Any]:
    """Read who holds the lock; {} while it is being written."""
    try:
        fun, pid, jid, since = os.pread(descriptor, _MOST, 0).decode().split()
        return {"fun": fun, "pid": int(pid), "jid": jid, "since": int(since)}
    except (OSError, ValueError):
        return {}


def _tell(context: Context, reason: str) -> None:
    # Only for people who look at running jobs: where nobody can be told, the run still waits.
    with contextlib.suppress(Exception):
        context.call("waits", {"reason": reason})
