"""
The master's symmetric secrets, which outlive a restart: the shared key and the session secret.

They are in one file, ``{pki_dir}/.secrets``, readable by its owner only. Since they last, a
restarted master makes no minion sign in again.

Source: docs/architecture.md, "Who owns what".
"""

import os
from collections.abc import Callable

from attrs import evolve, field, frozen

from txsalt.errors import BadEncoding, BadKey, KeyFileError
from txsalt.master.store.private_file import make_private_folder, write_private
from txsalt.wire import serial
from txsalt.wire.crypticle import Crypticle, generate_key_string
from txsalt.wire.session_key import SECRET_BYTES

FILE_NAME = ".secrets"
SERIAL_NAME = ".serial"
_LONGEST = 4096  # bytes
_RUN = 10**12  # more publications than one run of a master sends


@frozen(kw_only=True)
class Secrets:
    """``aes`` is a key string (76 characters); session keys are derived from the other."""

    aes: str = field(repr=False)
    session_secret: bytes = field(repr=False)

    def as_map(self) -> dict[str, str | bytes]:
        """Return what the frames ``hello`` and ``secrets`` carry to workers."""
        return {"aes": self.aes, "session_secret": self.session_secret}


def from_map(content: object) -> Secrets:
    """Read what ``as_map`` made. Raises BadEncoding or BadKey."""
    if not isinstance(content, dict):
        raise BadEncoding("secrets are not a map")
    aes, secret = content.get("aes"), content.get("session_secret")
    if not isinstance(aes, str) or not isinstance(secret, bytes) or len(secret) != SECRET_BYTES:
        raise BadEncoding("secrets of a wrong type or length")
    Crypticle(aes)
    return Secrets(aes=aes, session_secret=secret)


def load_or_create(pki_dir: str, entropy: Callable[[int], bytes] = os.urandom) -> Secrets:
    """Return the secrets of a master; make them at the first start. Raises KeyFileError."""
    path = os.path.join(pki_dir, FILE_NAME)
    try:
        with open(path, "rb") as file:
            return from_map(serial.unpack_bin(file.read(_LONGEST)))
    except FileNotFoundError:
        secrets = Secrets(aes=generate_key_string(entropy), session_secret=entropy(SECRET_BYTES))
        _save(path, secrets)
        return secrets
    except (BadEncoding, BadKey) as exc:
        reason = f"{exc}; delete it, and all minions sign in again"
        raise KeyFileError(path, reason) from exc
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc


def rotate_aes(pki_dir: str, secrets: Secrets) -> Secrets:
    """Replace the shared key on disk, then return the new secrets. Raises KeyFileError."""
    renewed = evolve(secrets, aes=generate_key_string())
    _save(os.path.join(pki_dir, FILE_NAME), renewed)
    return renewed


def first_serial(pki_dir: str, now_us: int) -> int:
    """
    Return where the serials of this run begin, and keep it: above those of all former runs.

    That is the time in microseconds, unless the clock was set back since the last start: minions
    would take all publications of this run for replayed ones. Raises KeyFileError.
    """
    path = os.path.join(pki_dir, SERIAL_NAME)
    try:
        with open(path, "rb") as file:
            last = int(file.read(_LONGEST))
    except (FileNotFoundError, ValueError):
        last = 0
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc
    begin = now_us if now_us > last else last + _RUN
    try:
        make_private_folder(pki_dir)
        write_private(path, b"%d\n" % begin)
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc
    return begin


def _save(path: str, secrets: Secrets) -> None:
    try:
        make_private_folder(os.path.dirname(path))
        write_private(path, serial.pack_bin(secrets.as_map()))
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc
