"""
Keep a second daemon out of a folder: a lock that the kernel drops with the process, however it
ends.
"""

import fcntl
import os

from txsalt.errors import LocalError

FILE_NAME = ".lock"


class FolderInUse(LocalError):
    """Another daemon works in the folder."""

    def __init__(self, path: str, pid: str) -> None:
        super().__init__(path, pid)
        self.path = path
        self.pid = pid

    def __str__(self) -> str:
        by = f" (process {self.pid})" if self.pid else ""
        return f"{self.path} is in use by another txsalt daemon{by}; stop it, or set another folder"


class FolderLock:
    """A lock on ``folder``, held from ``take`` to ``release`` or the end of the process."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, FILE_NAME)
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock. Raises FolderInUse, or OSError if the file cannot be made."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise FolderInUse(os.path.dirname(self._path), pid) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, b"%d\n" % os.getpid())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; twice is no error. The file stays: removing it would be a race."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
