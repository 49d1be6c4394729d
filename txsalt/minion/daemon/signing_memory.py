"""
Keep that a master signs its publications, for the next run of this minion.

Every accepted minion has the shared key; without this one of them that sits on the way could send
jobs of its own, unsigned, to a minion that has just started. The master's key is named by its
fingerprint.
"""

import os

from twisted.logger import Logger

from txsalt.wire.rsa import PublicKey

_MOST = 200  # bytes


class SigningMemory:
    """One file of one line: the fingerprint of the master that signs."""

    log = Logger()

    def __init__(self, path: str) -> None:
        """Touches nothing yet."""
        self.path = path

    def signs(self, master_key: PublicKey) -> bool:
        """Tell whether a former run saw a signature of this master."""
        try:
            with open(self.path, "rb") as file:
                return file.read(_MOST).decode("ascii").strip() == master_key.fingerprint()
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as exc:
            self.log.warn("{path} is not heeded: {why}", path=self.path, why=exc)
            return False

    def keep(self, master_key: PublicKey) -> None:
        """Note that this master signs. Never raises: the job matters more."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path, flags, 0o600)
            try:
                os.write(descriptor, f"{master_key.fingerprint()}\n".encode("ascii"))
            finally:
                os.close(descriptor)
        except OSError as exc:
            why = exc.strerror or exc
            self.log.error("{path} cannot be written: {why}", path=self.path, why=why)
