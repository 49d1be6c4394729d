"""
Keep the serial of the last publication that was run, for the next run of this minion.

Whoever recorded publications on the wire could otherwise send them again to a minion that was
started since. Written before a job runs, as small as it is, to the page cache: it outlives a kill
of the daemon, not a power cut. The shared key that the serial belongs to is named by a digest.
"""

import hashlib
import os

from twisted.logger import Logger

_DIGITS = 32
_MOST = 100  # bytes


class SerialMemory:
    """One file of one line: digest of the key, serial."""

    log = Logger()

    def __init__(self, path: str) -> None:
        """Touches nothing yet."""
        self._path = path
        self._name, self._digest = "", ""
        self._has_failed = False

    def last(self, key_string: str) -> int:
        """Return the serial of the last publication under a key; 0 if none is known."""
        try:
            with open(self._path, "rb") as file:
                digest, serial = file.read(_MOST).decode("ascii").split()
            return int(serial) if digest == self._digest_of(key_string) else 0
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as exc:
            self.log.warn("{path} is not heeded: {why}", path=self._path, why=exc)
            return 0

    def keep(self, key_string: str, serial: int) -> None:
        """Note a serial. Never raises: the job matters more."""
        line = f"{self._digest_of(key_string)} {serial:020}\n".encode("ascii")
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(descriptor, line, 0)
            finally:
                os.close(descriptor)
            self._has_failed = False
        except OSError as exc:
            say = self.log.debug if self._has_failed else self.log.error
            self._has_failed = True
            say("{path} cannot be written: {why}", path=self._path, why=exc.strerror or exc)

    def _digest_of(self, key_string: str) -> str:
        if key_string != self._name:
            self._name = key_string
            self._digest = hashlib.sha256(key_string.encode()).hexdigest()[:_DIGITS]
        return self._digest
