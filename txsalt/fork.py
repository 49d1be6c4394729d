"""
Fork a child that one speaks with: by a socket between the two, and a descriptor that tells its end.
"""

import os
import signal
import socket
from collections.abc import Callable
from typing import NoReturn

from txsalt.light import frozen


@frozen(eq=False)
class Forked:
    """The parent's side of a child: the socket to it and the pidfd of its end."""

    pid: int
    link: socket.socket
    exit_fd: int


def fork(become: Callable[[socket.socket, socket.socket], NoReturn]) -> Forked | OSError:
    """
    Fork; in the child call ``become`` with the parent's end of the socket and with its own.

    What the system lacks for it, as memory or descriptors, is returned and not raised: the children
    that there are must not end of that.
    """
    try:
        ours, theirs = socket.socketpair()
    except OSError as exc:
        return exc
    try:
        pid = os.fork()
    except OSError as exc:
        ours.close()
        theirs.close()
        return exc
    if pid == 0:
        become(ours, theirs)
    theirs.close()
    try:
        return Forked(pid, ours, os.pidfd_open(pid))
    except OSError as exc:
        ours.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return exc
