"""
One running job, as the zygote sees it.
"""

import contextlib
import os
import select
import signal
import socket
import time

from attrs import define, field

from txsalt.errors import BadEncoding
from txsalt.minion.jobrunner.child import LONGEST_RESULT
from txsalt.wire.pipe import Decoder

_CHUNK = 1 << 18
_LIMIT = LONGEST_RESULT + (1 << 20)
_KILL_AFTER = 3.0  # seconds between TERM and KILL when the time is up


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
    _deadline: float | None = None
    _terminated: bool = False
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
        self.signal(signal.SIGKILL if self._terminated else signal.SIGTERM)
        self._deadline = None if self._terminated else time.monotonic() + _KILL_AFTER
        self._terminated = True

    def sweep(self) -> None:
        """End what is left of a group that was out of time; before its leader is reaped."""
        if self._terminated:
            self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """
        Signal the whole process group. The leader is not reaped, so that its number is its own.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

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


def _readable(link: socket.socket) -> bool:
    if link.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(link, select.POLLIN)
    return bool(poll.poll(0))
