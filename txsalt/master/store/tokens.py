"""
Tokens: what stands for a user who has shown a password, or whom the operator has given one.

A token is 64 hex characters and is kept nowhere: the file is named after its keyed hash. Who reads
the files learns no token, and who knows a token finds no other.

Source: PROTOCOL section 10.2 (mk_token, get_token).
"""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from typing import Any  # entries of rights are what YAML holds

from attrs import asdict, field, frozen

from txsalt.errors import BadEncoding, KeyFileError, LocalError
from txsalt.master.store.private_file import make_private_folder, write_private
from txsalt.wire import serial

MOST_OF_A_USER = 100
LONGEST_LIFE = 36525 * 86400.0  # seconds: a century
ID_CHARACTERS = 12
_TOKEN = re.compile(r"[0-9a-f]{64}")
_LONGEST = 1024 * 1024  # bytes


@frozen
class TooManyTokens(LocalError):
    """A user who has as many tokens as one may have."""

    user: str

    def __str__(self) -> str:
        return f"user {self.user} has {MOST_OF_A_USER} tokens; revoke some first"


@frozen(kw_only=True)
class Token:
    """
    What is known of a token.

    ``eauth`` says who vouched for ``name``; "operator" is who can command the master. ``scope``
    limits what the user may, None: not at all; ``rules`` are rights that were fixed when it was
    made, None: those that hold when it is used. Times are Unix times.
    """

    id: str
    name: str
    eauth: str
    start: float
    expire: float
    groups: list[str] = field(factory=list)
    scope: list[Any] | None = None
    rules: list[Any] | None = None
    note: str = ""


class Tokens:
    """The tokens of one master, in ``{cachedir}/tokens``."""

    def __init__(self, cachedir: str, secret: bytes) -> None:
        """``secret`` is the session secret; a new one makes all tokens worthless."""
        self._folder = os.path.join(cachedir, "tokens")
        self._key = hashlib.blake2b(b"txsalt tokens", key=secret, digest_size=32).digest()

    def make(self, now: float, *, name: str, eauth: str, expire: float, **more: Any) -> str:
        """
        Store a new token and return it.

        ``more`` are further fields of Token. Raises TooManyTokens, or KeyFileError.
        """
        self.remove_expired(now)
        if sum(each.name == name for each in self.listing()) >= MOST_OF_A_USER:
            raise TooManyTokens(name)
        token = secrets.token_hex(32)
        digest = self._digest(token)
        known = Token(
            id=digest[:ID_CHARACTERS], name=name, eauth=eauth, start=now, expire=expire, **more
        )
        try:
            make_private_folder(self._folder)
            write_private(os.path.join(self._folder, digest), serial.pack_bin(asdict(known)))
        except OSError as exc:
            raise KeyFileError(self._folder, exc.strerror or str(exc)) from exc
        return token

    def find(self, token: object, now: float) -> Token | None:
        """Return what is known of a token; one that is over is deleted and not known."""
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return None
        path = os.path.join(self._folder, self._digest(token))
        known = _read(path)
        if known is not None and now >= known.expire:
            _unlink(path)
            return None
        return known

    def listing(self) -> list[Token]:
        """Return all, the oldest first."""
        found = [known for path in self._paths() if (known := _read(path)) is not None]
        return sorted(found, key=lambda each: each.start)

    def revoke(self, id: str) -> Token | None:
        """Delete the token of an id, as ``listing`` shows it, and return what it was."""
        for path in self._paths():
            if os.path.basename(path)[:ID_CHARACTERS] == id:
                known = _read(path)
                _unlink(path)
                return known
        return None

    def remove_expired(self, now: float) -> None:
        """Delete what is over or cannot be read."""
        for path in self._paths():
            known = _read(path)
            if known is None or now >= known.expire:
                _unlink(path)

    def _digest(self, token: str) -> str:
        return hashlib.blake2b(token.encode(), key=self._key, digest_size=32).hexdigest()

    def _paths(self) -> Iterator[str]:
        with suppress(FileNotFoundError, NotADirectoryError):
            for name in os.listdir(self._folder):
                if _TOKEN.fullmatch(name):
                    yield os.path.join(self._folder, name)


def _read(path: str) -> Token | None:
    try:
        with open(path, "rb") as file:
            return Token(**serial.unpack_bin(file.read(_LONGEST)))
    except (OSError, BadEncoding, TypeError):
        return None


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
