"""
Replay one side of a golden vector against our implementation of the other.

Interactions: our minion judges the real master's replies; our master judges the real minion's
requests; each also writes what the real one wrote, where nothing random is in it.
"""

from tests.wire.vector_ring import Asked, Frame, Load, Ring, fixed, need, refused
from txsalt.errors import RemoteError
from txsalt.protocol import admission, publication, sealed_request, sign_in
from txsalt.wire import auth_loads, envelope, rsa, serial
from txsalt.wire.crypticle import Crypticle

ENC_ALGOS = (rsa.OAEP_SHA1, rsa.OAEP_SHA224)
UNUSED_KEY = Crypticle("A" * 74 + "A=")


def minion_signs_in(ring: Ring, asked: Asked, frame: Frame, inner: Load) -> None:
    """Our minion reaches the recorded outcome when it gets the recorded reply."""
    request = auth_loads.read_auth_request(asked.load)
    key = ring.minions.get(request.minion_id)
    if key is None or key.public.pem != request.pub or request.enc_algo not in ENC_ALGOS:
        return
    attempt = _attempt(ring, asked, request, key, "pub_sig" in inner)
    outcome = sign_in.finish(attempt, frame.body)
    expected = frame.crypto.get("rsa_decrypt")
    if expected:
        need(isinstance(outcome, sign_in.SignedIn), f"our minion is not signed in: {outcome!r}")
        need(outcome.aes == expected["aes"], "our minion reads another shared key")
        need(outcome.session == expected["session"], "our minion reads another session key")
        need(outcome.master_key.pem == ring.master.public.pem, "our minion learns another key")
        return
    wanted = {True: sign_in.Pending, False: sign_in.Rejected}.get(inner.get("ret"), sign_in.Full)
    need(isinstance(outcome, wanted), f"our minion should be {wanted.__name__}: {outcome!r}")


def master_answers(ring: Ring, asked: Asked, frame: Frame, inner: Load) -> None:
    """Our master writes the recorded reply; only what OAEP encrypts is compared decrypted."""
    request = auth_loads.read_auth_request(asked.load)
    if "pub_key" not in inner:
        face = admission.MasterFace.make(ring.master, 4505, _some_key_string())
        reply = admission.verdict_reply(face, request, inner["ret"], asked.version)
        need(envelope.write_reply(reply) == frame.body, "our master writes another verdict")
        return
    expected = frame.crypto["rsa_decrypt"]
    pub_sig = _pub_sig(ring, asked) if "pub_sig" in inner else None
    face = admission.MasterFace.make(
        ring.master, inner["publish_port"], expected["aes"], pub_sig=pub_sig
    )
    reply = admission.accept_reply(face, request, expected["session"], asked.version)
    made = envelope.read_reply(envelope.write_reply(reply))
    if isinstance(made, envelope.SignedReply):
        made_inner = serial.unpack(made.packed_load)
    else:
        made_inner = made.value
    need(list(made_inner) == list(inner), "our master writes other fields")
    key = ring.minion(expected["minion"])
    for name, value in inner.items():
        one, other = made_inner[name], value
        if name in ("aes", "session", "token"):
            one, other = (
                key.decrypt(serial.as_bytes(blob), expected["enc_algo"]) for blob in (one, other)
            )
        need(one == other, f"our master writes another {name}")


def minion_opens_reply(ring: Ring, asked: Asked, frame: Frame, key: str, value: object) -> None:
    """Our minion takes the recorded value out of the recorded reply."""
    session = _session(ring, asked, Crypticle(key))
    if session is None:
        return
    found = sealed_request.open_reply(session, frame.body, nonce=asked.nonce)
    need(serial.pack(found) == serial.pack(value), "our minion reads another value")


def minion_refuses_reply(ring: Ring, asked: Asked, frame: Frame) -> None:
    """Our minion takes nothing out of an unsealed reply to a sealed request."""
    session = _session(ring, asked, UNUSED_KEY)
    if session is not None:

        def open_reply() -> None:
            sealed_request.open_reply(session, frame.body, nonce=asked.nonce)

        refused(RemoteError, open_reply)


def minion_seals(ring: Ring, asked: Asked, key: str, box: bytes) -> None:
    """Our minion writes the recorded request to the byte: box, token and all."""
    order = list(asked.load)
    if asked.version < envelope.VERSION or "sig" in order or asked.load.get("id") != asked.sender:
        return
    if [name for name in order if name in ("nonce", "ts", "tok")] != ["nonce", "ts", "tok"]:
        return
    session = _session(ring, asked, Crypticle(key, vector=fixed(box)))
    if session is None or session.tok != serial.as_bytes(asked.load["tok"]):
        return
    # An id that comes last was added by the transport; an earlier one is the command's own.
    added = {"nonce", "ts", "tok"} | ({"id"} if order[-1] == "id" else set())
    load = {name: value for name, value in asked.load.items() if name not in added}
    made = sealed_request.seal(session, load, nonce=asked.nonce, now=asked.load["ts"])
    need(made == asked.body, "our minion writes another request")


def master_reads_request(ring: Ring, asked: Asked, frame: Frame, packed: bytes) -> None:
    """Our master lets exactly those requests through that carry the right id and token."""
    if asked.version < envelope.VERSION:
        return
    now = asked.load.get("ts", 0)
    good = asked.load.get("id") == asked.sender and frame.crypto.get("tok_valid", False)
    minion = frame.crypto["minion"]

    def admit() -> Load:
        load = sealed_request.read_load(packed, asked.sender, now=now, ttl=0)
        sealed_request.check_token(load, ring.minion(minion).public)
        return load

    if not good:
        refused(RemoteError, admit)
        return
    load = admit()
    kept = {name: asked.load[name] for name in asked.load if name not in ("nonce", "ts", "tok")}
    need(sealed_request.strip(load) == kept, "our master reads another load")
    need(sealed_request.nonce_of(load) == asked.nonce, "our master reads another nonce")


def master_seals_pillar(ring: Ring, asked: Asked, frame: Frame, pillar: object) -> None:
    """A pillar that our master seals is opened by our minion, and by nobody else's nonce."""
    session = _session(ring, asked, UNUSED_KEY)
    if session is None:
        return
    reply = sealed_request.private_reply(
        pillar,
        nonce=asked.nonce,
        to=session.key.public,
        by=ring.master,
        key_string=frame.crypto["one_time_key"],
        enc_algo=session.enc_algo,
        sig_algo=session.sig_algo,
    )
    found = sealed_request.open_reply(session, envelope.write_reply(reply), nonce=asked.nonce)
    need(serial.pack(found) == serial.pack(pillar), "our pillar reply holds another pillar")


def publication_both_ways(ring: Ring, frame: Frame, load: Load, box: bytes, sig_algo: str) -> None:
    """Our minion opens the publication once; our master writes the same frame."""
    opener = publication.Opener(
        ring.master.public, frame.crypto["key"], require_signature=False, jids=100
    )
    opened = opener.open(frame.body)
    need(
        opened.load == {name: load[name] for name in load if name != "serial"},
        "our minion reads another publication",
    )
    if "serial" not in load:
        return
    refused(RemoteError, opener.open, frame.body)
    signed = b"sig" in serial.unpack_raw(frame.body)
    sealer = publication.Sealer(
        crypticle=Crypticle(frame.crypto["key"], vector=fixed(box)),
        serial=load["serial"] - 1,
        key=ring.master if signed else None,
        sig_algo=sig_algo,
    )
    need(sealer.seal(opened.load) == frame.body, "our master writes another publication")


def topic_is_known(ring: Ring, topic: bytes) -> None:
    """The topic of a filtered publication is that of a minion, of all, or of syndics."""
    known = {publication.topic_of(name) for name in ring.minions}
    need(topic in known | {publication.BROADCAST, b"syndic"}, "the topic is nobody's")


def _attempt(
    ring: Ring, asked: Asked, request: auth_loads.AuthRequest, key: rsa.PrivateKey, signed: bool
) -> sign_in.Attempt:
    token = _some_key_string()
    knows_master = False
    if request.token is not None:
        try:
            token = ring.master.decrypt(request.token, request.enc_algo).decode("ascii")
            knows_master = True
        except (RemoteError, UnicodeError):
            pass  # a garbage token, sent on purpose
    identity = sign_in.Identity(
        minion_id=request.minion_id,
        key=key,
        enc_algo=request.enc_algo,
        sig_algo=request.sig_algo,
        verify_master_pubkey_sign=signed,
        always_verify_signature=signed,
        signing_key=ring.signing.public if signed and ring.signing else None,
        autosign_grains=request.autosign_grains,
    )
    master_key = ring.master.public if knows_master else None
    attempt = sign_in.start(identity, master_key, request.nonce, token)
    if knows_master == (request.token is not None) and asked.version == envelope.VERSION:
        made = envelope.read_request(attempt.request).load
        need(
            {**made, "token": None} == {**asked.load, "token": None},
            "our minion writes another _auth load",
        )
    return attempt


def _session(ring: Ring, asked: Asked, crypticle: Crypticle) -> sealed_request.Session | None:
    minion = asked.sender or asked.load.get("id")
    key = ring.minions.get(minion)
    if key is None:
        return None
    return sealed_request.Session(
        minion_id=minion,
        key=key,
        tok=key.sign_x931(sealed_request.TOKEN_TEXT),
        crypticle=crypticle,
        master_key=ring.master.public,
        enc_algo=asked.enc_algo,
        sig_algo=asked.sig_algo,
    )


def _pub_sig(ring: Ring, asked: Asked) -> str:
    need(ring.signing, "keys.json has no signing key of the master")
    algorithm = asked.load.get("sig_algo", rsa.PKCS1V15_SHA1)
    return auth_loads.write_pub_sig(ring.signing.sign(ring.master.public.pem.encode(), algorithm))


def _some_key_string() -> str:
    return "A" * 74 + "A="
