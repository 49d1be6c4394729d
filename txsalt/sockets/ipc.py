"""
Take the path of an ipc endpoint: from nobody, or from a dead process, never from a live one.

ZeroMQ itself steals a bound path without a word, and leaves the file behind after kill -9.
"""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from txsalt.errors import EndpointUnusable

PREFIX = "ipc://"
_LONGEST_PATH = 107  # bytes; sockaddr_un holds 108 with the final NUL


def make_folder(path: str, mode: int = 0o750) -> None:
    """
    Make a folder with ``mode``, and what leads to it open to all. Raises OSError.

    In the background twistd's umask would keep the owner's group away from the folder, and so from
    the sockets in it.
    """
    previous = os.umask(0o022)
    try:
        os.makedirs(path, mode=mode, exist_ok=True)
    finally:
        os.umask(previous)


@contextmanager
def claimed(endpoint: str, mode: int) -> Iterator[None]:
    """
    Bind inside this context: the path is free, and the new file has ``mode`` from its first moment.

    Raises EndpointUnusable if a live process listens there, if the path is too long, or if its
    folder cannot be used. The folder is locked (flock) meanwhile, so that of two daemons that start
    at once one gets the path and the other the error.
    """
    path = endpoint.removeprefix(PREFIX)
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise EndpointUnusable(endpoint, f"the path has more than {_LONGEST_PATH} bytes")
    with _locked_folder(endpoint, path):
        _remove_stale(endpoint, path)
        previous = os.umask(0o777 & ~mode)
        try:
            yield
        finally:
            os.umask(previous)


@contextmanager
def _locked_folder(endpoint: str, path: str) -> Iterator[None]:
    try:
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise EndpointUnusable(endpoint, exc.strerror or str(exc)) from exc
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # others hold it for as long as a bind() lasts
        yield
    finally:
        os.close(folder)


def _remove_stale(endpoint: str, path: str) -> None:
    if not os.path.lexists(path):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        code = probe.connect_ex(path)
    if code in (0, errno.EAGAIN, errno.EINPROGRESS):
        raise EndpointUnusable(endpoint, "another process listens there; stop it first")
    if code not in (errno.ECONNREFUSED, errno.ENOENT):
        raise EndpointUnusable(endpoint, os.strerror(code))
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as exc:
        raise EndpointUnusable(endpoint, exc.strerror or str(exc)) from exc
