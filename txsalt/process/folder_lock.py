"""
One daemon for one folder: a lock that ends with the process, however that ends.
"""

import fcntl
import os

from twisted.application.service import Service

from txsalt.errors import LocalError
from txsalt.light import frozen

_NAME = ".lock"


@frozen
class FolderInUse(LocalError):
    """Another daemon works in this folder."""

    folder: str

    def __str__(self) -> str:
        return f"another txsalt daemon works in {self.folder}; stop it first"


@frozen
class FolderUnusable(LocalError):
    """A folder that cannot be made or written."""

    folder: str
    reason: str

    def __str__(self) -> str:
        return f"folder {self.folder}: {self.reason}"


class FolderLock(Service):
    """Holds the lock while it runs."""

    name = "lock"

    def __init__(self, folder: str) -> None:
        """Touches nothing yet."""
        self._folder = folder
        self._descriptor: int | None = None

    def startService(self) -> None:
        """Take the lock; the folder is made. Raises FolderInUse, FolderUnusable."""
        super().startService()
        if self._descriptor is None:
            self._descriptor = _locked(self._folder)

    def stopService(self) -> None:
        """Let the lock go. Twice is no error."""
        super().stopService()
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def check_free(folder: str) -> None:
    """Raise FolderInUse if a daemon works in ``folder``, FolderUnusable if none could."""
    os.close(_locked(folder))


def _locked(folder: str) -> int:
    try:
        os.makedirs(folder, mode=0o750, exist_ok=True)
        path = os.path.join(folder, _NAME)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise FolderUnusable(folder, exc.strerror or str(exc)) from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        os.close(descriptor)
        raise FolderInUse(folder) from exc
    return descriptor
