"""Recorded sealed requests of stock minions, replayed against our master."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.errors import RequestRefused
from txsalt.light import evolve
from txsalt.master.store.private_file import write_private
from txsalt.master.worker.answerer import answer
from txsalt.master.worker.gatekeeper import Gatekeeper
from txsalt.master.worker.sessions import Session, Sessions
from txsalt.protocol import sealed_request
from txsalt.protocol.admission import KeyState
from txsalt.wire import algorithms, envelope, rsa, serial
from txsalt.wire.crypticle import Crypticle

VECTORS = Path(__file__).parents[1] / "vectors"
BAD_LOAD = "bad load"
# Maps whose keys are part of the protocol; of other values only the type is.
FIXED = ("_master_opts", "_file_find", "_file_hash", "_serve_file", "minion_pub")
# The replies that depend on what came before the recording began.
HISTORY = {
    ("067", "_file_recv"): "the first part of the file",
    ("071", "_mine_delete"): "a mine",
    ("077", "pub_ret"): "the job",
    ("078", "minion_pub"): "narrower rights",
    ("079", "pub_ret"): "the job",
    ("080", "minion_runner"): "a runner of this name",
    ("087", "*"): "a session key that had ended",
    ("093", "*"): "keys that were wrong",
    ("095", "verify_minion"): "a command that only answers errors",
    ("097", "*"): "a limit to the age of requests",
    ("099", "_file_envs"): "a key, deleted by the request before",
}


@frozen
class Exchange:
    """One request and the reply that was recorded for it."""

    name: str
    asked: dict[str, Any]
    replied: dict[str, Any]
    minion_keys: dict[str, str]
    master_key: str

    @property
    def minion(self) -> rsa.PrivateKey:
        """The key pair of the minion that asked; of any, if it did not say who it is."""
        pems = self.minion_keys
        name = self.asked["crypto"].get("minion") or next(iter(pems))
        return rsa.PrivateKey.from_pem(pems[name].encode())

    @property
    def load(self) -> dict[str, Any]:
        """What was asked."""
        return dict(self.asked["plain"])

    @property
    def crypticle(self) -> Crypticle:
        """What the request and a boxed reply are sealed with."""
        return Crypticle(self.asked["crypto"]["key"])

    @property
    def depends(self) -> bool:
        """Whether the reply is another one without what came before."""
        number = self.name.rpartition("/")[2][:3]
        return (number, self.load.get("cmd")) in HISTORY or (number, "*") in HISTORY


class RecordedSessions(Sessions):
    """Sessions with the key of the recording."""

    recorded: Crypticle

    def of(self, minion_id: str, now: float) -> Session:
        """Return the session of an accepted id with the recorded key."""
        return evolve(super().of(minion_id, now), crypticle=self.recorded)


class RequestVectorTests(SynchronousTestCase):
    def test_recorded_requests(self) -> None:
        """
        Each request of a stock minion's life gets a sealed reply of the recorded shape.
        """
        replayed: dict[Any, list[str]] = {}
        for exchange in exchanges():
            replayed.setdefault(exchange.load.get("cmd"), []).append(exchange.name)
            if not exchange.depends:
                self.check(exchange)
        self.assertGreater(len(replayed), 18, sorted(map(str, replayed)))

    def test_old_versions(self) -> None:
        """
        With a lowered floor, versions 0 and 2 are answered in the recorded shape; without, refused.
        """
        old = [each for each in exchanges() if is_old(each)]
        self.assertLessEqual({"100", "102"}, {each.name.rpartition("/")[2][:3] for each in old})
        for exchange in old:
            self.check(exchange)
            place = self.place_of(exchange, minimum_auth_version=3)
            self.assertEqual(serial.unpack(answer(place.bench, body(exchange.asked))), BAD_LOAD)

    def check(self, exchange: Exchange) -> None:
        place = self.place_of(exchange, minimum_auth_version=0)
        raw = answer(place.bench, body(exchange.asked))
        kind = exchange.replied["crypto"]["kind"]
        if kind == "clear-reply":
            self.assertIn(serial.unpack(raw), (BAD_LOAD, exchange.replied["envelope"]))
            return
        read = envelope.read_reply(raw)
        private = isinstance(read, envelope.PrivateReply)
        self.assertEqual(private, kind == "private-reply", exchange.name)
        cmd = exchange.load.get("cmd")
        recorded, made = content(exchange), self.opened(exchange, raw)
        self.assertEqual(shape(made, cmd), shape(recorded, cmd), f"{exchange.name} {cmd}")

    def opened(self, exchange: Exchange, raw: bytes) -> Any:
        nonce = exchange.replied["crypto"].get("nonce")
        reply = envelope.read_reply(raw)
        if not nonce and isinstance(reply, envelope.PrivateReply):
            return Crypticle(exchange.minion.decrypt(reply.key, algorithms.OAEP_SHA1)).open(
                reply.box
            )
        if not nonce:
            assert isinstance(reply, envelope.BareReply)
            return exchange.crypticle.open(reply.value)
        session = sealed_request.Session(
            minion_id=str(exchange.load.get("id")),
            key=exchange.minion,
            tok=b"",
            crypticle=exchange.crypticle,
            master_key=rsa.PrivateKey.from_pem(exchange.master_key.encode()).public,
        )
        try:
            return sealed_request.open_reply(session, raw, nonce=nonce)
        except RequestRefused as exc:
            self.fail(f"{exchange.name}: {exc}")

    def place_of(self, exchange: Exchange, *, minimum_auth_version: int) -> Place:
        place = Place(
            self,
            minimum_auth_version=minimum_auth_version,
            file_recv=True,
            peer={".*": [".*"]},
            peer_run={".*": [".*"]},
        )
        key = exchange.master_key.encode()
        write_private(f"{place.config.pki_dir}/master.pem", key, 0o400)
        path, there = exchange.load.get("path"), content(exchange)
        if isinstance(path, str) and there and there not in NO_FILES:
            place.write(f"srv/{path}", "content")
        place.clock.now = float(exchange.load.get("ts") or place.clock.now)
        place.bench = bench = place.new_worker()
        for name, pem in exchange.minion_keys.items():
            public = rsa.PrivateKey.from_pem(pem.encode()).public
            bench.keys.put(KeyState.ACCEPTED, name, public.pem)
        sessions = RecordedSessions(bench.keys, place.secrets.session_secret, 0)
        sessions.recorded = exchange.crypticle
        bench.gatekeeper = Gatekeeper(
            sessions,
            {},
            own_user="root",
            aes=exchange.asked["crypto"]["key"],
            minimum_version=minimum_auth_version,
        )
        return place


NO_FILES = ({"path": "", "rel": ""}, {"data": "", "dest": ""})


def exchanges() -> Iterator[Exchange]:
    """Yield every sealed request of the vectors with its reply."""
    for path in sorted(VECTORS.glob("*/[01]*.json")):
        vector = json.loads(path.read_text())
        keys = json.loads((path.parent / "keys.json").read_text())["scenarios"]
        scenario = keys[vector["scenario"]]
        asked: dict[str, Any] = {}
        for frame in vector["frames"]:
            if frame["channel"] != "4506":
                continue
            if not frame["direction"].startswith("master"):
                asked[frame["conn"]] = frame
                continue
            request = asked.pop(frame["conn"], None)
            if request is None or request["crypto"]["kind"] != "aes-request":
                continue
            if isinstance(request["plain"], dict):
                name = f"{path.parent.name}/{path.name}"
                pems, master = scenario["minion_private_pem"], scenario["master_private_pem"]
                yield Exchange(name, request, frame, pems, master)


def is_old(exchange: Exchange) -> bool:
    """Whether this is a served request of a version below 3."""
    served = exchange.replied["crypto"]["kind"] != "clear-reply"
    return exchange.asked["crypto"]["key_scope"] == "aes" and served


def body(frame: dict[str, Any]) -> bytes:
    """Return the payload of a frame."""
    return base64.b64decode(frame["frames_b64"][-1])


def content(exchange: Exchange) -> Any:
    """Return the value of the recorded reply."""
    plain = exchange.replied.get("plain")
    signed = exchange.replied["crypto"].get("signed")
    return plain.get("pillar") if signed and isinstance(plain, dict) else plain


def shape(value: Any, cmd: Any) -> Any:
    """Return what of a value must be the same."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict) and cmd in FIXED:
        return list(value)
    return type(value)
