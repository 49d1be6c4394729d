"""
Session keys of minions, derived when needed and kept as long as the accepted key is the same.

The accepted key is looked up on disk at each request, so a deletion or rejection works at once.

Source: PROTOCOL section 8.1; docs/architecture.md, "Who owns what".
"""

import hmac
from typing import Any  # loads are maps of any msgpack value

from attrs import define, field

from txsalt.errors import BadLoad
from txsalt.master.store.keys import KeyStore
from txsalt.protocol import sealed_request
from txsalt.wire import fields, rsa, session_key
from txsalt.wire.crypticle import Crypticle


@define
class Session:
    """What is derived from one accepted key; ``tok`` is the token that was verified."""

    key: rsa.PublicKey = field(repr=False)
    begins: float  # Unix time, as is the next: the session key is that of one epoch
    ends: float
    crypticle: Crypticle = field(repr=False)
    tok: bytes = field(default=b"", repr=False)

    def check_token(self, load: dict[str, Any]) -> None:
        """
        Raise BadSignature or BadLoad unless the load carries this key's token.

        A key always makes the same token, so only the first one costs an RSA operation.
        """
        tok = fields.blob(load, "tok")
        if self.tok and hmac.compare_digest(tok, self.tok):
            return
        sealed_request.check_token(load, self.key)
        self.tok = tok


class Sessions:
    """All sessions of a master, as one worker knows them."""

    def __init__(self, keys: KeyStore, secret: bytes, period: int) -> None:
        """``period``: seconds that a session key lasts, 0: no end."""
        self._keys = keys
        self._secret = secret
        self._period = period
        self._sessions: dict[str, Session] = {}

    def use(self, secret: bytes) -> None:
        """Derive from another secret from now on."""
        if secret != self._secret:
            self._secret = secret
            self._sessions.clear()

    def key_string(self, minion_id: str, pem: str, now: float) -> str:
        """Return the session key for an id whose accepted cleaned PEM is ``pem``."""
        epoch = session_key.epoch_of(minion_id, now, self._period)
        return session_key.derive(self._secret, minion_id, pem, epoch)

    def of(self, minion_id: str, now: float) -> Session:
        """Return the session of an accepted id at Unix time ``now``. Raises BadLoad if not."""
        key = self._keys.accepted_key(minion_id)
        if key is None:
            self._sessions.pop(minion_id, None)
            raise BadLoad("no accepted key for this id")
        session = self._sessions.get(minion_id)
        if session is None or session.key is not key or not session.begins <= now < session.ends:
            tok = session.tok if session is not None and session.key is key else b""
            crypticle = Crypticle(self.key_string(minion_id, key.pem, now))
            begins, ends = session_key.span_of(minion_id, now, self._period)
            session = Session(key=key, begins=begins, ends=ends, crypticle=crypticle, tok=tok)
            self._sessions[minion_id] = session
        return session
