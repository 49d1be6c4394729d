"""
A child of the zygote that waits for its job: forked, and prepared, before there is one.

It has the facts and the modules of its time. The zygote ends it when these change; of files of the
user's that change, the job itself takes note (``execute.prepare``).
"""

import contextlib
import os
import select
import signal
import socket

from txsalt.light import frozen
from txsalt.minion.jobrunner.child import Assignment
from txsalt.wire.pipe import encode

# What the socket takes at once. A larger load is worth a fork.
_LONGEST = 64 * 1024


@frozen(eq=False)
class Spare:
    """A forked process, the socket to it and the pidfd of its end."""

    pid: int
    link: socket.socket
    exit_fd: int

    @property
    def descriptors(self) -> list[int]:
        """What a sibling must not inherit."""
        return [self.exit_fd] if self.link.fileno() < 0 else [self.exit_fd, self.link.fileno()]

    def take(self, assignment: Assignment) -> bool:
        """Give it its job; False if it has ended or does not take so much."""
        frame = encode({"kind": "start", "jid": assignment.jid, "load": assignment.load})
        if len(frame) > _LONGEST or self._has_ended():
            return False
        self.link.setblocking(False)
        try:
            return self.link.send(frame) == len(frame)
        except OSError:
            return False

    def kill(self) -> None:
        """End it; ``exit_fd`` tells when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.link.close()

    def reap(self) -> None:
        """Forget it, once it has ended."""
        os.waitpid(self.pid, 0)
        os.close(self.exit_fd)

    def _has_ended(self) -> bool:
        poll = select.poll()
        poll.register(self.exit_fd, select.POLLIN)
        return bool(poll.poll(0))
