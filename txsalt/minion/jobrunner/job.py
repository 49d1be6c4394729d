"""
One running job, as the zygote sees it.

A job that is ended, for its time or on request, is its whole process group: its leader stays
unreaped, so that the group's number is its own, until the others have ended or were ended.
"""

import contextlib
import os
import select
import signal
import socket
import time

from txsalt.errors import BadEncoding
from txsalt.light import define, field
from txsalt.minion.jobrunner.child import LONGEST_RESULT
from txsalt.modules._tree import processes
from txsalt.wire.pipe import Decoder

_CHUNK = 1 << 18
_LIMIT = LONGEST_RESULT + (1 << 20)
_KILL_AFTER = 3.0  # seconds between TERM and KILL when the time is up
_REST_AFTER = 10.0  # seconds for the others, when TERM on request has ended the leader
_GIVE_UP_AFTER = 1.0  # seconds after KILL: what still does not end is stuck in the kernel


@define(eq=False)
class Job:
    """A forked process, the socket to it and the pidfd of its end."""

    jid: str
    pid: int
    link: socket.socket
    exit_fd: int
    timeout: float | None
    started: float = field(factory=time.monotonic)
    result: dict | None = None
    outgoing: bytearray = field(factory=bytearray)
    has_exited: bool = False  # the leader; the group may still have others
    _deadline: float | None = None
    _asked_to_end: bool = False
    _is_over: bool = False  # KILL is the next, when ``deadline`` comes
    _killed: bool = False
    _decoder: Decoder = field(factory=lambda: Decoder(_LIMIT))

    def __attrs_post_init__(self) -> None:
        """Start the clock."""
        if self.timeout is not None:
            self._deadline = self.started + self.timeout

    @property
    def deadline(self) -> float | None:
        """When ``out_of_time`` is due, on the monotonic clock."""
        return self._deadline

    @property
    def descriptors(self) -> list[int]:
        """What a sibling must not inherit."""
        return [self.exit_fd] if self.link.fileno() < 0 else [self.exit_fd, self.link.fileno()]

    def out_of_time(self) -> None:
        """End the whole group: politely the first time, and then not."""
        if self._killed:
            self._deadline = None  # nothing more can be done
            return
        self.signal(signal.SIGKILL if self._is_over else signal.SIGTERM)
        self._is_over = True
        self._deadline = time.monotonic() + (_GIVE_UP_AFTER if self._killed else _KILL_AFTER)

    def signal(self, number: int) -> None:
        """Signal the whole process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
        self._asked_to_end |= number in (signal.SIGTERM, signal.SIGKILL)
        if number == signal.SIGKILL:
            self._killed = True
            self._deadline = time.monotonic() + _GIVE_UP_AFTER

    def exited(self) -> None:
        """Note that the leader has ended: whom TERM leaves has not for ever now."""
        self.has_exited = True
        if self._asked_to_end and not self._is_over:
            self._is_over = True
            self._deadline = time.monotonic() + _REST_AFTER

    def lingers(self) -> bool:
        """
        Tell whether others of a group that is ended are still there, and may yet end.

        A job that ends by itself may leave whom it likes behind.
        """
        if not self._asked_to_end or (self._killed and self._deadline is None):
            return False
        return _has_others(self.pid)

    def read(self) -> tuple[list[dict], bool]:
        """
        Take what the job said: its calls, and whether more may come.

        The result is kept. A job that speaks nonsense is killed.
        """
        try:
            data = self.link.recv(_CHUNK)
        except BlockingIOError:
            return [], True
        except OSError:
            return [], False
        if not data:
            return [], False
        try:
            messages = self._decoder.feed(data)
        except BadEncoding:
            self.signal(signal.SIGKILL)
            return [], False
        return [message for message in messages if not self._is_result(message)], True

    def drain(self) -> None:
        """Read what is left after the end; calls have nobody to answer to any more."""
        more = True
        while more and _readable(self.link):
            _, more = self.read()

    def write(self) -> None:
        """Send as much of ``outgoing`` as the job takes."""
        try:
            sent = self.link.send(memoryview(self.outgoing)[:_CHUNK])
        except BlockingIOError:
            return
        except OSError:
            self.outgoing.clear()
            return
        del self.outgoing[:sent]

    def _is_result(self, message: dict) -> bool:
        if message["kind"] != "result":
            return False
        result = message.get("result")
        self.result = result if isinstance(result, dict) else None
        return True


def _has_others(group: int) -> bool:
    """Tell whether anybody but its leader lives in a process group."""
    try:
        table = processes()
    except OSError:
        return True  # nobody can look now, for want of descriptors; later
    return any(
        each == group and pid != group and state not in ("Z", "X")
        for pid, (_, each, state) in table.items()
    )


def _readable(link: socket.socket) -> bool:
    if link.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(link, select.POLLIN)
    return bool(poll.poll(0))
