"""
The key files of a minion: its own pair, the key of its master, the key that signs the master's.

Blocking work on small files of our own; the link calls it at the start (in a thread, since making a
key takes up to half a second) and when a master was met for the first time.

Source: PROTOCOL sections 5.1 and 6.4; Salt's layout of ``pki_dir``.
"""

import os

from txsalt.errors import BadKey, KeyFileError
from txsalt.light import field, frozen
from txsalt.wire import rsa

PRIVATE, PUBLIC, MASTER = "minion.pem", "minion.pub", "minion_master.pub"


@frozen(kw_only=True)
class KeyFiles:
    """Where the keys of one minion are. Every method raises KeyFileError."""

    pki_dir: str
    keysize: int = 2048
    passphrase: str | None = field(default=None, repr=False)
    group_may_read: bool = False
    signing_key_name: str = "master_sign"

    @property
    def master_path(self) -> str:
        """The file that an operator removes to trust another master key."""
        return os.path.join(self.pki_dir, MASTER)

    def own(self) -> rsa.PrivateKey:
        """Return the minion's key; made and stored if there is none. The public file is mended."""
        path = os.path.join(self.pki_dir, PRIVATE)
        pem = _read(path)
        key = self._made(path) if pem is None else self._parsed(path, pem)
        public = os.path.join(self.pki_dir, PUBLIC)
        if _read(public) != _line(key.public.pem):
            write_whole(public, _line(key.public.pem), 0o644)
        return key

    def master(self) -> rsa.PublicKey | None:
        """Return the stored key of the master, None before the first acceptance."""
        return _public(self.master_path)

    def store_master(self, key: rsa.PublicKey) -> None:
        """Trust ``key`` from now on."""
        write_whole(self.master_path, _line(key.pem), 0o644)

    def signing(self) -> rsa.PublicKey:
        """Return the key that signs the master's keys."""
        path = os.path.join(self.pki_dir, f"{self.signing_key_name}.pub")
        key = _public(path)
        if key is None:
            raise KeyFileError(path, "missing; verify_master_pubkey_sign needs it, copy it there")
        return key

    def _parsed(self, path: str, pem: bytes) -> rsa.PrivateKey:
        password = self.passphrase.encode() if self.passphrase else None
        try:
            return rsa.PrivateKey.from_pem(pem, password)
        except BadKey as exc:
            raise KeyFileError(path, exc.reason) from exc

    def _made(self, path: str) -> rsa.PrivateKey:
        if self.passphrase:
            raise KeyFileError(
                path, "missing, and key_pass is set: make an encrypted key there with openssl"
            )
        try:
            os.makedirs(self.pki_dir, mode=0o700, exist_ok=True)
        except OSError as exc:
            raise KeyFileError(self.pki_dir, exc.strerror or str(exc)) from exc
        key = rsa.PrivateKey.generate(self.keysize)
        write_whole(path, key.pem(), 0o440 if self.group_may_read else 0o400)
        return key


def write_whole(path: str, content: bytes, mode: int) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    beside = f"{path}.new"
    try:
        # What a killed start left behind may not be writable.
        if os.path.lexists(beside):
            os.unlink(beside)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc


def _line(pem: str) -> bytes:
    return f"{pem}\n".encode()


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read(rsa.MAX_PEM_CHARACTERS)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc


def _public(path: str) -> rsa.PublicKey | None:
    pem = _read(path)
    if pem is None or not pem.strip():
        return None
    try:
        return rsa.PublicKey.from_pem(pem.decode("utf-8", "replace"))
    except BadKey as exc:
        raise KeyFileError(path, f"{exc.reason}; remove it to trust the master anew") from exc
