"""
The master's own key pairs in ``pki_dir``: loaded, or made at the first start.

``master.pem`` may be a link to a file of another name, as newer Salt masters have it.

Source: PROTOCOL section 5.1.
"""

import os
import stat

from txsalt.errors import BadKey, KeyFileError
from txsalt.master.store.private_file import make_private_folder, write_private
from txsalt.wire import rsa

NAME = "master"


def load_or_create(
    pki_dir: str, keysize: int = 2048, key_pass: str | None = None, name: str = NAME
) -> rsa.PrivateKey:
    """
    Return the key pair ``{name}.pem``; make it, and ``{name}.pub``, if they are missing.

    Raises KeyFileError for a file that cannot be read, written or understood, and where a new
    key would have to be protected by a passphrase.
    """
    path = os.path.join(pki_dir, f"{name}.pem")
    if not os.path.lexists(path):
        _create(pki_dir, path, keysize, key_pass)
    key = load(path, key_pass)
    public = os.path.join(pki_dir, f"{name}.pub")
    if not os.path.exists(public):
        _write(public, f"{key.public.pem}\n".encode(), 0o644)
    return key


def load(path: str, key_pass: str | None = None) -> rsa.PrivateKey:
    """Return the private key in a file. Raises KeyFileError."""
    try:
        with open(path, "rb") as file:
            content = file.read(rsa.MAX_PEM_CHARACTERS)
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc
    try:
        return rsa.PrivateKey.from_pem(content, key_pass.encode() if key_pass else None)
    except BadKey as exc:
        raise KeyFileError(
            path, f"{exc}; is the passphrase right?" if key_pass else str(exc)
        ) from (exc)


def exposed(path: str) -> str:
    """Say what is wrong with the mode of a private key's file; "" if only its owner has it."""
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if mode & 0o077 == 0:
        return ""
    return f"{path} has mode {mode:04o}: others than its owner can use it; chmod 0400 it"


def _create(pki_dir: str, path: str, keysize: int, key_pass: str | None) -> None:
    if key_pass:
        raise KeyFileError(
            path, "is missing, and keys with a passphrase are not made here; make it with openssl"
        )
    make_private_folder(pki_dir)
    _write(path, rsa.PrivateKey.generate(keysize).pem(), 0o400)


def _write(path: str, content: bytes, mode: int) -> None:
    try:
        write_private(path, content, mode)
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc
