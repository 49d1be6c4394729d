"""
Encrypted requests on 4506: the minion seals them and opens replies, the master the reverse.

Interactions: every load carries a nonce, the time, the sender's id and a token that only its RSA
key can make. The master checks them all against the accepted key before any command sees the
load; the reply's box carries the nonce, so that it answers this request and no other.

Source: PROTOCOL sections 7 and 9.2.
"""

import hmac
from typing import Any  # loads are maps of any msgpack value

from txsalt.errors import (
    BadBox,
    BadEncoding,
    BadEnvelope,
    BadLoad,
    BadNonce,
    BadSignature,
    RequestRefused,
)
from txsalt.light import field, frozen
from txsalt.wire import algorithms, envelope, fields, rsa, serial
from txsalt.wire.crypticle import MIN_BOX_BYTES, Crypticle

TOKEN_TEXT = b"salt"
_ADDED = ("nonce", "ts", "tok")
_TEXT = {str}

Load = dict[str, Any]


@frozen(kw_only=True)
class Session:
    """What a minion needs to talk to a master it signed in at. ``tok`` is made once for a key."""

    minion_id: str
    key: rsa.PrivateKey = field(repr=False)
    tok: bytes = field(repr=False)
    crypticle: Crypticle = field(repr=False)
    master_key: rsa.PublicKey = field(repr=False)
    enc_algo: str = algorithms.OAEP_SHA1
    sig_algo: str = algorithms.PKCS1V15_SHA1


def seal(session: Session, load: Load, *, nonce: str, now: int) -> bytes:
    """Return the request for ``load``; ``now`` is Unix time in seconds."""
    full = {**load, "nonce": nonce, "ts": now, "tok": session.tok, "id": session.minion_id}
    return envelope.write_sealed_request(
        session.minion_id, session.crypticle.seal(full), session.enc_algo, session.sig_algo
    )


def open_reply(session: Session, raw: bytes, *, nonce: str) -> Any:
    """
    Open the reply to a sealed request.

    Raises BadBox if the peers hold different keys (sign in again, then repeat once), BadNonce
    for an answer to another question, RequestRefused for a bare error or an unsealed empty value.
    """
    reply = envelope.read_reply(raw)
    if isinstance(reply, envelope.PrivateReply):
        return _open_private(session, reply, nonce)
    if not isinstance(reply, envelope.BareReply):
        raise BadEnvelope("a clear reply to a sealed request")
    value = reply.value
    if not isinstance(value, bytes):
        # A bare value, empty ones included, is nobody's word.
        raise RequestRefused(repr(value)[:100])
    if value == envelope.BAD_LOAD.encode():
        raise BadBox
    if len(value) < MIN_BOX_BYTES:
        raise RequestRefused(value.decode("utf-8", "replace"))
    return session.crypticle.open(value, nonce)


def _open_private(session: Session, reply: envelope.PrivateReply, nonce: str) -> Any:
    key_string = session.key.decrypt(reply.key, session.enc_algo)
    pair = Crypticle(key_string).open(reply.box)
    if not isinstance(pair, dict):
        raise BadLoad("the private reply is not a map")
    data, sig = fields.blob(pair, "data"), fields.blob(pair, "sig")
    session.master_key.verify(sig, data, session.sig_algo, "private reply")
    inner = serial.unpack(data)
    if not isinstance(inner, dict) or fields.blob(inner, "key") != reply.key:
        raise BadSignature("the key of the private reply")
    if not hmac.compare_digest(fields.text(inner, "nonce", "").encode(), nonce.encode()):
        raise BadNonce
    return inner.get("pillar")


def read_load(packed: bytes, claimed_id: str | None, *, now: float, ttl: float) -> Load:
    """
    Check an opened load on the master, all but the token: see ``check_token``.

    ``ttl`` in seconds, 0 is off. Raises BadLoad or BadEncoding.
    """
    load = serial.unpack_sealed(packed, b"tok")
    if not isinstance(load, dict) or not set(map(type, load)) <= _TEXT:
        raise BadLoad("payload and load must be a dict")
    if load.get("id") != claimed_id or claimed_id is None:
        raise BadLoad("the load names another id than its envelope")
    if ttl > 0:
        stamp = load.get("ts")
        if not isinstance(stamp, int | float) or isinstance(stamp, bool) or now - stamp > ttl:
            raise BadLoad("older than request_server_ttl")
    return load


def check_token(load: Load, accepted: rsa.PublicKey) -> None:
    """Raise BadSignature or BadLoad unless ``tok`` was made by the accepted key."""
    if not hmac.compare_digest(accepted.recover(fields.blob(load, "tok")), TOKEN_TEXT):
        raise BadSignature("token")


def strip(load: Load) -> Load:
    """Return the load without what only its transport needed."""
    return {name: value for name, value in load.items() if name not in _ADDED}


def private_reply(
    value: Any, *, nonce: str, to: rsa.PublicKey, by: rsa.PrivateKey, key_string: str,
    enc_algo: str, sig_algo: str,
) -> envelope.PrivateReply:  # fmt: skip
    """Seal ``value`` (a pillar) with a one-time key for one minion, signed by the master."""
    key = to.encrypt(key_string.encode("ascii"), enc_algo)
    data = serial.pack({"key": key, "pillar": value, "nonce": nonce})
    pair = {"data": data, "sig": by.sign(data, sig_algo)}
    return envelope.PrivateReply(key=key, box=Crypticle(key_string).seal(pair))


def unsigned_private_reply(
    value: Any, *, to: rsa.PublicKey, key_string: str, enc_algo: str
) -> envelope.PrivateReply:
    """Seal ``value`` as versions 0 and 1 expect it."""
    key = to.encrypt(key_string.encode("ascii"), enc_algo)
    return envelope.PrivateReply(key=key, box=Crypticle(key_string).seal(value))


def nonce_of(load: Load) -> str:
    """
    Return the nonce for the reply's box: 32 ASCII characters, or "" if the load has none.

    Raises BadEncoding for a nonce of another form, since the reply could not be told apart.
    """
    nonce = load.get("nonce", "")
    if not isinstance(nonce, str) or not nonce.isascii() or len(nonce) not in (0, 32):
        raise BadEncoding("nonce is not 32 ASCII characters")
    return nonce
