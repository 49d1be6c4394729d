"""
The master's side of signing in: decide about a key, and answer.

Interactions: a worker reads what it knows about the id, asks ``decide``, carries out the change
of the key store, fires the event, and only then writes the reply. Possession of the private key
is proved by being able to open the reply, not here.

Source: PROTOCOL sections 6.2, 6.3, 6.6, 6.7.
"""

from enum import Enum

from attrs import field, frozen

from txsalt.errors import BadKey
from txsalt.wire import algorithms, auth_loads, envelope, rsa, serial


class KeyState(Enum):
    """Where the key of an id is: the value is the folder's name."""

    ACCEPTED = "minions"
    PENDING = "minions_pre"
    REJECTED = "minions_rejected"
    DENIED = "minions_denied"


class Automatic(Enum):
    """What the rules for keys without a human say about an id."""

    NONE = "none"
    SIGN = "sign"
    REJECT = "reject"


@frozen(kw_only=True)
class Known:
    """What the store holds for an id: state and cleaned PEM, or None and empty."""

    state: KeyState | None = None
    pem: str = field(default="", repr=False)


@frozen(kw_only=True)
class Decision:
    """
    What becomes of a key.

    ``store`` is where the shown key goes (None: nothing changes); ``remove`` the folder that it
    leaves.
    ``verdict`` None means accepted. ``act`` and ``result`` are for the event.
    """

    verdict: auth_loads.Verdict | None
    act: str
    result: bool
    store: KeyState | None = None
    remove: KeyState | None = None


_ACCEPT = Decision(verdict=None, act="accept", result=True)
_REJECT = Decision(verdict=False, act="reject", result=False)
_PEND = Decision(verdict=True, act="pend", result=True)
_DENY = Decision(verdict=False, act="denied", result=False, store=KeyState.DENIED)
FULL = Decision(verdict="full", act="full", result=False)


def decide(*, shown: str, known: Known, automatic: Automatic, open_mode: bool) -> Decision:
    """Decide about the cleaned PEM ``shown`` of an id that the store knows as ``known``."""
    if open_mode:
        return Decision(
            verdict=None, act="accept", result=True, store=KeyState.ACCEPTED, remove=known.state
        )
    match known.state:
        case KeyState.REJECTED:
            return _REJECT
        case KeyState.ACCEPTED:
            return _ACCEPT if known.pem == shown else _DENY
        case KeyState.PENDING if automatic is not Automatic.REJECT and known.pem != shown:
            return _DENY
    pending = KeyState.PENDING if known.state is KeyState.PENDING else None
    if automatic is Automatic.REJECT:
        return Decision(
            verdict=False, act="reject", result=False, store=KeyState.REJECTED, remove=pending
        )
    if automatic is Automatic.SIGN:
        return Decision(
            verdict=None, act="accept", result=True, store=KeyState.ACCEPTED, remove=pending
        )
    if pending:
        return _PEND
    return Decision(verdict=True, act="pend", result=True, store=KeyState.PENDING)


@frozen(kw_only=True)
class MasterFace:
    """What every reply of this master needs; made once for each shared key."""

    key: rsa.PrivateKey = field(repr=False)
    publish_port: int
    aes: str = field(repr=False)
    aes_sig: bytes = field(repr=False)  # X9.31 over the digest: the same for all, so made once
    pub_sig: str | None = None

    @classmethod
    def make(
        cls, key: rsa.PrivateKey, publish_port: int, aes: str, pub_sig: str | None = None
    ) -> "MasterFace":
        """Sign the shared key once; 8 ms for 2048 bits."""
        return cls(
            key=key,
            publish_port=publish_port,
            aes=aes,
            aes_sig=key.sign_x931(auth_loads.aes_digest(aes.encode("ascii"))),
            pub_sig=pub_sig,
        )


def accept_reply(
    face: MasterFace,
    request: auth_loads.AuthRequest,
    session: str,
    version: int,
    minion_key: rsa.PublicKey | None = None,
) -> envelope.Reply:
    """
    Write the accepting reply; ``minion_key`` is the key of the request if it was parsed before.

    Raises BadKey if the minion's key is none that we accept; BadAlgorithm for unknown names (the
    caller answers these unsigned). A token that does not decrypt is ignored, as in stock masters.
    """
    enc_algo = algorithms.check_enc_algo(request.enc_algo)
    if minion_key is None:
        minion_key = rsa.PublicKey.from_pem(request.pub)
    inner = auth_loads.AcceptedLoad(
        pub_key=face.key.public.pem,
        publish_port=face.publish_port,
        pub_sig=face.pub_sig,
        token=_echo_token(face, request, minion_key),
        aes=minion_key.encrypt(face.aes.encode("ascii"), enc_algo),
        session=minion_key.encrypt(session.encode("ascii"), enc_algo),
        sig=face.aes_sig,
        nonce=request.nonce if version >= 2 else None,
    )
    if version < 2:
        return envelope.BareReply(inner.load())
    return _signed(face, inner.load(), request.sig_algo)


def verdict_reply(
    face: MasterFace, request: auth_loads.AuthRequest, verdict: auth_loads.Verdict, version: int
) -> envelope.Reply:
    """Write a reply that does not accept. Raises BadAlgorithm."""
    if version < 2:
        return envelope.ClearReply({"ret": verdict})
    inner = auth_loads.VerdictLoad(ret=verdict, nonce=request.nonce)
    return _signed(face, inner.load(), request.sig_algo)


def _signed(face: MasterFace, load: auth_loads.Load, sig_algo: str) -> envelope.SignedReply:
    packed = serial.pack(load)
    return envelope.SignedReply(packed_load=packed, sig=face.key.sign(packed, sig_algo))


def _echo_token(
    face: MasterFace, request: auth_loads.AuthRequest, minion_key: rsa.PublicKey
) -> bytes | None:
    if request.token is None:
        return None
    try:
        token = face.key.decrypt(request.token, request.enc_algo)
        return minion_key.encrypt(token, request.enc_algo)
    except (BadKey, ValueError):
        return None  # garbage, or longer than one block holds
