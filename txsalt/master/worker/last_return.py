"""
Remember on disk the returns that are being taken in, so that a crash does not cost their events.

They are saved first and told second. What a worker was at when it was killed is told by the
next one of its number, perhaps for the second time: who waits for a return counts each minion once.
"""

import os
from contextlib import suppress

from txsalt.errors import BadEncoding, StoreError
from txsalt.wire import serial

_LONGEST = 64 * 1024  # bytes; the names of some returns are shorter

Name = tuple[str, str]  # jid, minion id


class LastReturn:
    """The note of one worker; without a path it notes nothing."""

    def __init__(self, path: str | None = None) -> None:
        """Raises StoreError if the file cannot be made."""
        self._descriptor = -1
        if path is not None:
            try:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
                self._descriptor = os.open(path, flags, 0o600)
            except OSError as exc:
                raise StoreError(path, exc.strerror or str(exc)) from exc

    def note(self, names: list[Name]) -> None:
        """Note what is taken in now, in place of those before; costs some microseconds."""
        if self._descriptor >= 0:
            content = serial.pack_bin(names)
            os.pwrite(self._descriptor, len(content).to_bytes(2, "big") + content, 0)

    def leftover(self) -> list[Name]:
        """Return what a worker that was killed was at, and forget it."""
        if self._descriptor < 0:
            return []
        content = os.pread(self._descriptor, _LONGEST, 0)
        self.clear()
        length = int.from_bytes(content[:2], "big")
        with suppress(BadEncoding, ValueError, TypeError):
            names = serial.unpack_bin(content[2 : 2 + length])
            return [(str(jid), str(minion_id)) for jid, minion_id in names]
        return []

    def clear(self) -> None:
        """Forget it: the worker ends in order, and everything has left."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
