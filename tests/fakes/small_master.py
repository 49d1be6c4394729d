"""
A master's side of the wire without any socket: signs in, opens requests, seals publications.

Made of our own wire core; what it answers is set by the test.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from txsalt.errors import BadBox
from txsalt.protocol import admission, publication, sealed_request
from txsalt.wire import auth_loads, envelope, rsa
from txsalt.wire.crypticle import Crypticle, generate_key_string

SILENT = "silent"


@cache
def key(name: str) -> rsa.PrivateKey:
    """A key pair, made once for each name in a test run."""
    return rsa.PrivateKey.generate(2048)


class SmallMaster:
    """``verdict`` None accepts; True, False, "full" are told; SILENT or bytes are the answer."""

    def __init__(self, name: str = "master", *, sign: bool = True) -> None:
        self.key = key(name)
        self.verdict: object = None
        self.sessions: dict[str, str] = {}
        self.minion_keys: dict[str, rsa.PublicKey] = {}
        self.sign_ins: list[auth_loads.AuthRequest] = []
        self.loads: list[dict[str, Any]] = []
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.pillar: object = {"color": "blue"}
        self.publish_port = 4505
        self.pub_sig: str | None = None
        self.sign = sign
        self.rotate()

    def rotate(self) -> None:
        """Take a new shared key, as after the deletion of a minion."""
        self.aes = generate_key_string()
        self.sealer = publication.Sealer(Crypticle(self.aes), 0, self.key if self.sign else None)

    def forget_sessions(self) -> None:
        """Renew the session keys: what minions hold is worth nothing any more."""
        self.sessions.clear()

    def reply(self, payload: bytes) -> bytes | None:
        """Answer a request; None is silence."""
        request = envelope.read_request(payload)
        if isinstance(request, envelope.ClearRequest):
            return self._sign_in(request)
        return self._answer(request)

    def publish(self, fun: str | list[str], arg: list[Any], jid: str, **fields: Any) -> bytes:
        """Seal a job for everybody, unless ``fields`` say otherwise."""
        load = {"fun": fun, "arg": arg, "tgt": "*", "jid": jid, "ret": "", "tgt_type": "glob"}
        return self.sealer.seal({**load, "user": "root", **fields})

    def sent(self, command: str) -> list[dict[str, Any]]:
        """The sealed loads of one command that came so far."""
        return [load for load in self.loads if load["cmd"] == command]

    def _sign_in(self, request: envelope.ClearRequest) -> bytes | None:
        auth = auth_loads.read_auth_request(request.load)
        self.sign_ins.append(auth)
        if self.verdict == SILENT:
            return None
        if isinstance(self.verdict, bytes):
            return self.verdict
        face = admission.MasterFace.make(self.key, self.publish_port, self.aes, self.pub_sig)
        if self.verdict is not None:
            return envelope.write_reply(
                admission.verdict_reply(face, auth, self.verdict, request.version)
            )
        session = self.sessions.setdefault(auth.minion_id, generate_key_string())
        self.minion_keys[auth.minion_id] = rsa.PublicKey.from_pem(auth.pub)
        return envelope.write_reply(admission.accept_reply(face, auth, session, request.version))

    def _answer(self, request: envelope.SealedRequest) -> bytes | None:
        session = self.sessions.get(request.minion_id or "")
        try:
            if session is None:
                raise BadBox
            load = Crypticle(session).open(request.box)
        except BadBox:
            return envelope.write_reply(envelope.BareReply(b"bad load"))
        sealed_request.check_token(load, self.minion_keys[load["id"]])
        self.loads.append(load)
        if load["cmd"] == "_pillar":
            return self._pillar(load, request)
        value = self.answers.get(load["cmd"], lambda _: None)(load)
        if value == SILENT:
            return None
        box = Crypticle(session).seal(value, load["nonce"])
        return envelope.write_reply(envelope.BareReply(box))

    def _pillar(self, load: dict[str, Any], request: envelope.SealedRequest) -> bytes:
        return envelope.write_reply(
            sealed_request.private_reply(
                self.pillar,
                nonce=load["nonce"],
                to=self.minion_keys[load["id"]],
                by=self.key,
                key_string=generate_key_string(),
                enc_algo=request.enc_algo,
                sig_algo=request.sig_algo,
            )
        )
