"""
Check each frame of a golden vector: read it, write it again, let our peers answer it.

Source: PROTOCOL section 22; what each kind of message is made of: 4 to 11.
"""

import re
from typing import Any  # loads are maps of any msgpack value

from tests.wire import vector_loads, vector_peers
from tests.wire.vector_ring import Asked, Frame, Load, Ring, fixed, need, refused
from tests.wire.vector_view import outer_view, same, view
from txsalt.errors import BadBox, BadEnvelope, RemoteError, VersionRefused
from txsalt.wire import auth_loads, envelope, job_loads, serial
from txsalt.wire.crypticle import Crypticle

NONCE = re.compile(r"[0-9a-f]{32}")
PLAIN_ENVELOPES = {"clear", "clear-reply", "unusual", "auth-unsigned"}


class Exchange:
    """The frames of one vector in their order; a reply is judged by the request before it."""

    def __init__(self, ring: Ring, *, strict: bool) -> None:
        """``strict``: real Salt programs made the requests, so none of them may be refused."""
        self._ring = ring
        self._strict = strict
        self._asked: dict[str, Asked] = {}
        self._publications: dict[str, Load] = {}
        self._publish_requests: dict[str, job_loads.PublishRequest] = {}
        self._returns: list[Load] = []
        self._kinds = {
            "clear": self._clear,
            "clear-reply": self._clear_reply,
            "aes-request": self._aes_request,
            "aes-request-unknown-key": self._unknown_key,
            "aes-reply": self._aes_reply,
            "private-reply": self._private_reply,
            "signed-clear": self._signed_clear,
            "auth-unsigned": self._auth_unsigned,
            "publish": self._publish,
            "unusual": self._broken,
            "undecodable": self._broken,
        }

    def check(self, frame: Frame) -> None:
        """Check one frame; raises VectorFailed, or whatever our code raises by mistake."""
        need(frame.kind in self._kinds, f"unknown kind of crypto {frame.kind!r}")
        if frame.kind not in ("unusual", "undecodable"):
            expected = (2,) if frame.channel == "4506" else (1, 2)
            need(len(frame.parts) in expected, f"{len(frame.parts)} parts on {frame.channel}")
            need(frame.channel != "4506" or frame.parts[0] == b"", "no empty part on 4506")
        self._kinds[frame.kind](frame)

    def finish(self) -> None:
        """Check what only the whole exchange shows: our publications and returns."""
        for jid, request in self._publish_requests.items():
            if jid in self._publications:
                vector_loads.check_written_publication(request, self._publications[jid])
        for load in self._returns:
            if load["jid"] in self._publications:
                vector_loads.check_written_return(self._publications[load["jid"]], load)

    # Requests

    def _clear(self, frame: Frame) -> None:
        outer = self._outer(frame)
        self._asked[frame.conn] = Asked(body=frame.body)
        load = outer.get(b"load") if isinstance(outer, dict) else None
        if not isinstance(load, dict) or outer.get(b"enc") != b"clear":
            refused(BadEnvelope, envelope.read_request, frame.body, 0)
            return
        request = envelope.read_request(frame.body, 0)
        need(isinstance(request, envelope.ClearRequest), "not read as a clear request")
        need(serial.pack(request.load) == serial.pack(load), "the clear load is read otherwise")
        self._asked[frame.conn] = Asked(body=frame.body, version=request.version, load=request.load)
        if request.version < envelope.VERSION:
            refused(VersionRefused, envelope.read_request, frame.body)
        elif list(outer) == [b"enc", b"load", b"version"]:
            written = envelope.write_clear_request(request.load)
            need(written == frame.body, "the clear request is written otherwise")
        if request.load.get("cmd") == "_auth":
            vector_loads.check_auth_request(request.load, self._strict)

    def _aes_request(self, frame: Frame) -> None:
        outer = self._outer(frame)
        box = outer[b"load"]
        packed = self._open(frame.crypto["key"], box)
        load = self._plain(frame, packed)
        request = vector_loads.read_or_refuse(self._strict, envelope.read_request, frame.body, 0)
        self._asked[frame.conn] = Asked(body=frame.body, clear=False)
        if request is None:
            return
        need(isinstance(request, envelope.SealedRequest), "not read as a sealed request")
        need(request.box == box, "the box is read otherwise")
        asked = Asked(
            body=frame.body,
            version=request.version,
            load=load if isinstance(load, dict) else {},
            clear=False,
            sender=request.minion_id,
            enc_algo=request.enc_algo,
            sig_algo=request.sig_algo,
        )
        self._asked[frame.conn] = asked
        self._check_sealed_envelope(frame, asked, request)
        if isinstance(load, dict):
            self._check_sealed_load(frame, asked, packed)
        vector_peers.minion_seals(self._ring, asked, frame.crypto["key"], box)
        vector_peers.master_reads_request(self._ring, asked, frame, packed)

    def _check_sealed_envelope(
        self, frame: Frame, asked: Asked, request: envelope.SealedRequest
    ) -> None:
        if request.version < envelope.VERSION:
            refused(VersionRefused, envelope.read_request, frame.body)
            return
        written = envelope.write_sealed_request(
            str(request.minion_id), request.box, request.enc_algo, request.sig_algo
        )
        if self._strict or list(serial.unpack_raw(written)) == list(serial.unpack_raw(asked.body)):
            need(written == frame.body, "the sealed request is written otherwise")

    def _check_sealed_load(self, frame: Frame, asked: Asked, packed: bytes) -> None:
        load, crypto = asked.load, frame.crypto
        if "nonce" in load:
            need(NONCE.fullmatch(str(load["nonce"])), "the nonce is not 32 hex characters")
        if "tok_valid" in crypto:
            key = self._ring.minion(crypto["minion"])
            made = key.sign_x931(b"salt") == serial.as_bytes(load["tok"])
            need(made == crypto["tok_valid"], "the token is made otherwise")
        if "load_sig_valid" in crypto:
            self._check_load_signature(asked, packed, crypto)
        if load.get("cmd") == "_return" and asked.sender is not None:
            vector_loads.check_return(load, asked.sender, self._strict)
            if self._strict and "_stamp" in load and load.get("id") == asked.sender:
                self._returns.append(load)

    def _check_load_signature(self, asked: Asked, packed: bytes, crypto: Load) -> None:
        raw = serial.unpack_raw(packed)
        signed = {name: raw[name] for name in raw if name not in (b"nonce", b"tok", b"sig")}
        data = serial.pack_bin(serial.to_text(signed))
        made = self._ring.minion(crypto["minion"]).sign(data, asked.sig_algo)
        need((made == raw[b"sig"]) == crypto["load_sig_valid"], "the load's sig is made otherwise")

    def _unknown_key(self, frame: Frame) -> None:
        self._outer(frame)
        self._asked[frame.conn] = Asked(body=frame.body, clear=False)
        request = vector_loads.read_or_refuse(False, envelope.read_request, frame.body, 0)
        if isinstance(request, envelope.SealedRequest):
            refused(BadBox, vector_peers.UNUSED_KEY.open, request.box)

    def _broken(self, frame: Frame) -> None:
        # A peer's nonsense is refused, or looks like a sealed request whose box nobody opens.
        if frame.kind == "unusual":
            self._outer(frame)
        if "master" not in frame.document["direction"].partition("->")[2]:
            vector_loads.read_or_refuse(False, envelope.read_reply, frame.body)
            return
        self._asked[frame.conn] = Asked(body=frame.body)
        request = vector_loads.read_or_refuse(False, envelope.read_request, frame.body)
        if request is not None:
            need(isinstance(request, envelope.SealedRequest), "a broken request is accepted")
            refused(RemoteError, vector_peers.UNUSED_KEY.open, request.box)

    # Replies

    def _clear_reply(self, frame: Frame) -> None:
        outer = self._outer(frame)
        reply = envelope.read_reply(frame.body)
        if isinstance(outer, dict) and outer.get(b"enc") == b"clear":
            need(isinstance(reply, envelope.ClearReply), "not read as a clear reply")
        else:
            need(isinstance(reply, envelope.BareReply), "not read as a bare reply")
        need(envelope.write_reply(reply) == frame.body, "the reply is written otherwise")
        asked = self._asked.get(frame.conn)
        if asked is None:
            return
        if not asked.clear:
            vector_peers.minion_refuses_reply(self._ring, asked, frame)
        if asked.load.get("cmd") == "publish":
            jid = reply.load.get("jid") if isinstance(reply, envelope.ClearReply) else None
            request = vector_loads.check_publish_request(
                asked.load, self._strict and jid is not None
            )
            if request is not None and isinstance(jid, str):
                self._publish_requests[jid] = request

    def _aes_reply(self, frame: Frame) -> None:
        box = self._outer(frame)
        need(isinstance(box, bytes), "a sealed reply is one string")
        nonce = frame.crypto["nonce"] or ""
        value = self._plain(frame, self._open(frame.crypto["key"], box, nonce))
        reply = envelope.read_reply(frame.body)
        need(reply == envelope.BareReply(box), "not read as a bare reply")
        need(envelope.write_reply(reply) == frame.body, "the reply is written otherwise")
        asked = self._last(frame)
        need(asked.nonce == nonce, "the nonce is not the request's")
        vector_peers.minion_opens_reply(self._ring, asked, frame, frame.crypto["key"], value)

    def _private_reply(self, frame: Frame) -> None:
        outer, crypto = self._outer(frame), frame.crypto
        reply = envelope.read_reply(frame.body)
        need(isinstance(reply, envelope.PrivateReply), "not read as a private reply")
        need(envelope.write_reply(reply) == frame.body, "the reply is written otherwise")
        key = self._ring.minion(crypto["minion"]).decrypt(outer[b"key"], crypto["enc_algo"])
        need(key == crypto["one_time_key"].encode(), "the one-time key")
        packed = self._open(crypto["one_time_key"], outer[b"pillar"])
        if not crypto["signed"]:
            self._plain(frame, packed)
            return
        pair = serial.unpack_raw(packed)
        need(serial.pack(pair) == packed, "the signed pair is written otherwise")
        made = self._ring.master.sign(pair[b"data"], crypto["sig_algo"])
        need(made == pair[b"sig"], "the pillar is signed otherwise")
        inner = self._plain(frame, pair[b"data"])
        need(serial.as_bytes(inner["key"]) == outer[b"key"], "the key in the signed part")
        asked = self._last(frame)
        need(inner["nonce"] == crypto["nonce"] == asked.nonce, "the nonce is not the request's")
        vector_peers.minion_opens_reply(
            self._ring, asked, frame, crypto["one_time_key"], inner["pillar"]
        )
        vector_peers.master_seals_pillar(self._ring, asked, frame, inner["pillar"])

    def _signed_clear(self, frame: Frame) -> None:
        outer, asked = self._outer(frame), self._last(frame)
        reply = envelope.read_reply(frame.body)
        need(isinstance(reply, envelope.SignedReply), "not read as a signed reply")
        need(envelope.write_reply(reply) == frame.body, "the reply is written otherwise")
        made = self._ring.master.sign(outer[b"load"], frame.crypto["sig_algo"])
        need(made == outer[b"sig"], "the reply is signed otherwise")
        inner = self._plain(frame, outer[b"load"])
        typed = auth_loads.read_inner(outer[b"load"])
        need(serial.pack(typed.load()) == outer[b"load"], "the inner map is written otherwise")
        need(typed.nonce == asked.nonce, "the nonce is not the request's")
        self._check_accepted(frame, typed)
        try:
            auth_loads.read_auth_request(asked.load)
        except RemoteError:
            need(inner.get("ret") is False, "we refuse an id that the master took")
            return
        vector_peers.minion_signs_in(self._ring, asked, frame, inner)
        vector_peers.master_answers(self._ring, asked, frame, inner)

    def _auth_unsigned(self, frame: Frame) -> None:
        inner, asked = serial.to_text(self._outer(frame)), self._last(frame)
        if "pub_key" in inner:
            typed = auth_loads.inner_from(inner)
            need(serial.pack(typed.load()) == frame.body, "the reply is written otherwise")
            self._check_accepted(frame, typed)
            vector_peers.master_answers(self._ring, asked, frame, inner)

    def _check_accepted(
        self, frame: Frame, typed: auth_loads.AcceptedLoad | auth_loads.VerdictLoad
    ) -> None:
        expected = frame.crypto.get("rsa_decrypt")
        accepted = isinstance(typed, auth_loads.AcceptedLoad)
        need(accepted == bool(expected), "accepted or not")
        if not isinstance(typed, auth_loads.AcceptedLoad) or not expected:
            return
        key, algorithm = self._ring.minion(expected["minion"]), expected["enc_algo"]
        aes = key.decrypt(typed.aes, algorithm)
        need(aes == expected["aes"].encode(), "the shared key")
        session = key.decrypt(typed.session, algorithm) if typed.session else b""
        need(session == expected["session"].encode(), "the session key")
        need(typed.pub_key == self._ring.master.public.pem, "the master's key")
        digest = auth_loads.aes_digest(aes)
        need(self._ring.master.sign_x931(digest) == typed.sig, "the key's sig is made otherwise")
        need(self._ring.master.public.recover(typed.sig) == digest, "the key's sig is not opened")

    # Publications

    def _publish(self, frame: Frame) -> None:
        outer = self._outer(frame)
        sealed = job_loads.read_sealed_publication(frame.body)
        need(sealed.box == outer[b"load"] and sealed.sig == outer.get(b"sig"), "box and sig")
        need(sealed.packed() == frame.body, "the publication is written otherwise")
        if sealed.sig is not None:
            made = self._ring.master.sign(sealed.box, sealed.sig_algo)
            need(made == sealed.sig, "the publication is signed otherwise")
        load = self._plain(frame, self._open(frame.crypto["key"], sealed.box))
        vector_loads.check_publication(load, self._strict)
        if vector_loads.read_or_refuse(False, job_loads.read_publication, load) is not None:
            vector_peers.publication_both_ways(self._ring, frame, load, sealed.box, sealed.sig_algo)
            self._publications[str(load["jid"])] = load
        if len(frame.parts) == 2:
            vector_peers.topic_is_known(self._ring, frame.parts[0])

    # Parts of frames

    def _last(self, frame: Frame) -> Asked:
        need(frame.conn in self._asked, "a reply without a request")
        return self._asked[frame.conn]

    def _outer(self, frame: Frame) -> Any:
        outer = serial.unpack_raw(frame.body)
        need(serial.pack(outer) == frame.body, "the envelope is encoded otherwise")
        need(serial.pack(serial.unpack(frame.body)) == frame.body, "the envelope as text differs")
        seen = view(outer) if frame.kind in PLAIN_ENVELOPES else outer_view(outer)
        need(same(seen, frame.document["envelope"]), "the envelope is read otherwise")
        return outer

    def _open(self, key: str, box: bytes, nonce: str = "") -> bytes:
        packed = Crypticle(key).open_packed(box, nonce)
        writer = Crypticle(key, vector=fixed(box))
        need(writer.seal_packed(packed, nonce) == box, "the box is sealed otherwise")
        need(writer.seal(serial.unpack(packed), nonce) == box, "the value is sealed otherwise")
        return packed

    def _plain(self, frame: Frame, packed: bytes) -> Any:
        raw = serial.unpack_raw(packed)
        need(serial.pack(raw) == packed, "the load is encoded otherwise")
        need("plain" in frame.document, "the vector has no plain")
        need(same(view(raw), frame.document["plain"]), "the load is read otherwise")
        return serial.unpack(packed)
