"""
The minion's side of signing in: one request, one reply, one outcome.

Interactions: ``start`` makes the request; ``finish`` judges the reply. What to do about the
outcome (connect, wait, warn) is the link's business; nothing here waits or stores.

A master that is not known yet cannot be verified; its key is trusted on first use, unless a
fingerprint or a signing key is configured. Nothing is taken from a reply that is not fully
verified.

Source: PROTOCOL sections 6.4 and 6.5.
"""

import hmac

from txsalt.errors import BadKey, BadNonce, BadSignature, RemoteError
from txsalt.light import field, frozen
from txsalt.wire import algorithms, auth_loads, envelope, rsa
from txsalt.wire.crypticle import Crypticle


@frozen(kw_only=True)
class Identity:
    """Who signs in, and how strict it is about the master."""

    minion_id: str
    key: rsa.PrivateKey = field(repr=False)
    enc_algo: str = algorithms.OAEP_SHA1
    sig_algo: str = algorithms.PKCS1V15_SHA1
    hash_type: str = "sha256"
    master_finger: str = ""
    verify_master_pubkey_sign: bool = False
    always_verify_signature: bool = False
    signing_key: rsa.PublicKey | None = None  # master_sign.pub
    autosign_grains: dict[str, object] | None = None


@frozen(kw_only=True)
class Attempt:
    """A request under way. ``master_key`` is the stored key of the master, if there is one."""

    identity: Identity = field(repr=False)
    nonce: str
    token: str = field(repr=False)
    master_key: rsa.PublicKey | None
    request: bytes = field(repr=False)


@frozen(kw_only=True)
class SignedIn:
    """The master accepted; both key strings are proved to be the master's."""

    master_key: rsa.PublicKey
    publish_port: int
    aes: str = field(repr=False)
    session: str = field(repr=False)


@frozen
class Pending:
    """The key waits for an operator of the master."""


@frozen
class Rejected:
    """An operator rejected the key, or another key is known under this id."""


@frozen
class Full:
    """The master serves as many minions as it may."""


@frozen
class MasterKeyChanged:
    """The master shows another key than the stored one. Both fingerprints, for the operator."""

    known: str
    shown: str


@frozen
class WrongFingerprint:
    """The master's key is not the one that ``master_finger`` asks for."""

    shown: str


@frozen
class Failed:
    """The reply proves nothing; ``reason`` is a sentence without secrets."""

    reason: str


Outcome = SignedIn | Pending | Rejected | Full | MasterKeyChanged | WrongFingerprint | Failed


class _Refused(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def start(identity: Identity, master_key: rsa.PublicKey | None, nonce: str, token: str) -> Attempt:
    """
    Make an attempt.

    ``nonce`` is 32 hex characters and ``token`` a fresh key string; both are used once. The
    token is sent only to a master whose key is known.
    """
    sealed = master_key.encrypt(token.encode("ascii"), identity.enc_algo) if master_key else None
    request = auth_loads.AuthRequest(
        minion_id=identity.minion_id,
        nonce=nonce,
        pub=identity.key.public.pem,
        enc_algo=identity.enc_algo,
        sig_algo=identity.sig_algo,
        token=sealed,
        autosign_grains=identity.autosign_grains,
    )
    return Attempt(
        identity=identity,
        nonce=nonce,
        token=token,
        master_key=master_key,
        request=envelope.write_clear_request(request.load()),
    )


def finish(attempt: Attempt, raw: bytes) -> Outcome:
    """Judge the reply; never raises for anything that a peer can send."""
    try:
        return _judge(attempt, envelope.read_reply(raw))
    except _Refused as refused:
        return refused.outcome
    except RemoteError as exc:
        return Failed(str(exc))


def _judge(attempt: Attempt, reply: envelope.Reply) -> Outcome:
    match reply:
        case envelope.ClearReply(load):
            return Failed(f"the master answered {load.get('ret')!r:.60}")
        case envelope.SignedReply(packed_load=packed, sig=sig):
            inner = auth_loads.read_inner(packed)
        case envelope.BareReply(value):
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else repr(value)
            return Failed(f"the master answered {text:.60}")
        case _:
            return Failed("the master answered something that is no sign-in reply")
    if isinstance(inner, auth_loads.AcceptedLoad):
        shown = rsa.PublicKey.from_pem(inner.pub_key)
        key = _trusted_key(attempt, inner, shown)
        key.verify(sig, packed, attempt.identity.sig_algo, "sign-in reply")
        _check_nonce(attempt, inner.nonce)
        return _accepted(attempt, inner, key)
    if attempt.master_key is not None:
        attempt.master_key.verify(sig, packed, attempt.identity.sig_algo, "sign-in reply")
    _check_nonce(attempt, inner.nonce)
    if inner.ret is False:
        return Rejected()
    return Full() if inner.ret == "full" else Pending()


def _check_nonce(attempt: Attempt, nonce: str | None) -> None:
    if not hmac.compare_digest((nonce or "").encode(), attempt.nonce.encode()):
        raise BadNonce


def _trusted_key(
    attempt: Attempt, inner: auth_loads.AcceptedLoad, shown: rsa.PublicKey
) -> rsa.PublicKey:
    identity, known = attempt.identity, attempt.master_key
    wants = identity.verify_master_pubkey_sign
    if wants != (inner.pub_sig is not None):
        raise _Refused(
            Failed(
                "the master does not sign its key, but verify_master_pubkey_sign is on"
                if wants
                else "the master signs its key, but verify_master_pubkey_sign is off"
            )
        )
    same = known is not None and hmac.compare_digest(known.pem.encode(), shown.pem.encode())
    if wants and (not same or identity.always_verify_signature):
        _verify_pub_sig(identity, inner)
    elif known is not None and not same:
        kind = identity.hash_type
        raise _Refused(MasterKeyChanged(known.fingerprint(kind), shown.fingerprint(kind)))
    finger = shown.fingerprint(identity.hash_type)
    wanted = identity.master_finger.strip().lower()
    if wanted and not hmac.compare_digest(wanted.encode(), finger.encode()):
        raise _Refused(WrongFingerprint(finger))
    return shown


def _verify_pub_sig(identity: Identity, inner: auth_loads.AcceptedLoad) -> None:
    if identity.signing_key is None or inner.pub_sig is None:
        raise BadKey("no master_sign.pub to verify the master's key with")
    identity.signing_key.verify(
        auth_loads.read_pub_sig(inner.pub_sig),
        inner.pub_key.encode(),
        identity.sig_algo,
        "the master's key",
    )


def _accepted(
    attempt: Attempt, inner: auth_loads.AcceptedLoad, master_key: rsa.PublicKey
) -> SignedIn:
    own, algorithm = attempt.identity.key, attempt.identity.enc_algo
    aes = own.decrypt(inner.aes, algorithm)
    if not hmac.compare_digest(master_key.recover(inner.sig), auth_loads.aes_digest(aes)):
        raise BadSignature("the shared key")
    if attempt.master_key is not None:
        token = own.decrypt(inner.token, algorithm) if inner.token else b""
        if not hmac.compare_digest(token, attempt.token.encode("ascii")):
            raise BadSignature("the token")
    if inner.session is None:
        raise BadKey("the master is too old: it gives no session key")
    session = own.decrypt(inner.session, algorithm)
    return SignedIn(
        master_key=master_key,
        publish_port=inner.publish_port,
        aes=_key_string(aes),
        session=_key_string(session),
    )


def _key_string(raw: bytes) -> str:
    Crypticle(raw)  # refuses what is not a key string
    return raw.decode("ascii")
