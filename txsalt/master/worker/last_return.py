"""
Remember on disk the return that is being taken in, so that a crash does not cost its event.

A return is saved first and told second. What a worker was at when it was killed is told by the
next one of its number, perhaps for the second time: who waits for a return counts each minion once.
"""

import os
from contextlib import suppress

from txsalt.errors import BadEncoding, StoreError
from txsalt.wire import serial

_LONGEST = 1024  # bytes; a jid and an id are shorter

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

    def note(self, name: Name) -> None:
        """Note what is taken in now, in place of the one before; costs some microseconds."""
        if self._descriptor >= 0:
            content = serial.pack_bin(list(name))
            os.pwrite(self._descriptor, len(content).to_bytes(2, "big") + content, 0)

    def leftover(self) -> Name | None:
        """Return what a worker that was killed was at, and forget it."""
        if self._descriptor < 0:
            return None
        content = os.pread(self._descriptor, _LONGEST, 0)
        self.clear()
        length = int.from_bytes(content[:2], "big")
        with suppress(BadEncoding, ValueError, TypeError):
            jid, minion_id = serial.unpack_bin(content[2 : 2 + length])
            return str(jid), str(minion_id)
        return None

    def clear(self) -> None:
        """Forget it: the worker ends in order, and everything has left."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
