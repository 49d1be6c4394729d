"""Recorded sign-ins of stock minions, replayed against our master."""

import base64
import json
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.master.store.private_file import write_private
from txsalt.master.worker.answerer import answer
from txsalt.protocol.admission import KeyState
from txsalt.wire import auth_loads, envelope, rsa, serial

VECTORS = Path(__file__).parents[1] / "vectors"
# What our master answers with the constant refusal where stock masters explain themselves.
CONSTANT = ("011", "012", "013")
# What the recording's master knew before: state, and whether it was the key that is shown.
KNOWN = {
    "002": (KeyState.ACCEPTED, True),
    "003": (KeyState.ACCEPTED, True),
    "004": (KeyState.REJECTED, True),
    "006": (KeyState.ACCEPTED, True),
    "007": (KeyState.ACCEPTED, False),
    "008": (KeyState.ACCEPTED, True),
    "009": (KeyState.ACCEPTED, True),
    "010": (KeyState.ACCEPTED, True),
    "100": (KeyState.ACCEPTED, True),
    "101": (KeyState.ACCEPTED, True),
    "102": (KeyState.ACCEPTED, True),
}
OTHER_PEM = "-----BEGIN PUBLIC KEY-----\nanother\n-----END PUBLIC KEY-----"


class SignInVectorTests(SynchronousTestCase):
    def test_recorded_sign_ins(self) -> None:
        """
        Each recorded request gets the recorded verdict from our master.
        """
        paths = [p for p in sorted(VECTORS.glob("*/0*.json")) if p.name[:3] <= "013"]
        self.assertGreater(len(paths), 12)
        for path in paths:
            if path.name[:3] != "005":  # spread over two connections, with a deletion between
                self.replay(path)

    def test_old_versions(self) -> None:
        """
        With a lowered floor, versions 0 to 2 get the recorded verdict; without, none of them does.
        """
        paths = sorted(VECTORS.glob("*/10[012]-*.json"))
        self.assertEqual({path.name[:3] for path in paths}, {"100", "101", "102"})
        for path in paths:
            self.replay(path, minimum_auth_version=0)
            request = json.loads(path.read_text())["frames"][0]
            self.place = self.place_of({"frames": []}, minimum_auth_version=3)
            self.assertEqual(serial.unpack(answer(self.place.bench, body(request))), "bad load")
            self.assertEqual(self.place.bench.keys.listing(KeyState.PENDING), [])

    def replay(self, path: Path, **options: Any) -> None:
        vector = json.loads(path.read_text())
        keys = json.loads((path.parent / "keys.json").read_text())["scenarios"]
        self.scenario = keys[vector["scenario"]]
        self.place = self.place_of(vector, **options)
        frames = [frame for frame in vector["frames"] if frame["channel"] == "4506"]
        for request, reply in zip(frames[::2], frames[1::2], strict=True):
            load = request["envelope"]["load"]
            if load.get("cmd") == "_auth":
                pending = (reply.get("plain") or {}).get("ret") is True
                self.prepare("" if pending else path.name[:3], load)
                self.check(path.name, body(request), body(reply), load)

    def place_of(self, vector: dict[str, Any], **options: Any) -> Place:
        signed = any("pub_sig" in (frame.get("plain") or {}) for frame in vector["frames"])
        place = Place(self, master_sign_pubkey=signed, **options)
        for name, key in (
            ("master", self.scenario["master_private_pem"]),
            ("master_sign", self.scenario["master_sign_private_pem"]),
        ):
            if key:
                write_private(f"{place.config.pki_dir}/{name}.pem", key.encode(), 0o400)
        place.bench = place.new_worker()
        return place

    def prepare(self, number: str, load: dict[str, Any]) -> None:
        if number in KNOWN and isinstance(load.get("pub"), str):
            state, same = KNOWN[number]
            pem = rsa.clean_pem(load["pub"]) if same else OTHER_PEM
            self.place.bench.keys.put(state, load["id"], pem)

    def check(self, name: str, request: bytes, recorded: bytes, load: dict[str, Any]) -> None:
        made = answer(self.place.bench, request)
        if name[:3] in CONSTANT:
            self.assertEqual(serial.unpack(made), "bad load", name)
            return
        expected, got = envelope.read_reply(recorded), envelope.read_reply(made)
        self.assertIs(type(got), type(expected), name)
        inner, recorded_inner = success(got), success(expected)
        if inner is None or recorded_inner is None:
            self.assertEqual(got, expected, name)
            return
        self.assertEqual(list(inner), list(recorded_inner), name)
        if "ret" in inner:
            self.assertEqual(made, recorded, name)
            return
        public = rsa.PublicKey.from_pem(inner["pub_key"])
        if isinstance(got, envelope.SignedReply):
            public.verify(got.sig, got.packed_load, load["sig_algo"])
        self.assertEqual(inner["pub_key"], recorded_inner["pub_key"])
        self.assertEqual(inner.get("pub_sig"), recorded_inner.get("pub_sig"))
        pair = rsa.PrivateKey.from_pem(self.scenario["minion_private_pem"][load["id"]].encode())
        aes = pair.decrypt(serial.as_bytes(inner["aes"]), load["enc_algo"])
        digest = public.recover(serial.as_bytes(inner["sig"]))
        self.assertEqual(digest, auth_loads.aes_digest(aes))


def success(reply: envelope.Reply) -> dict[str, Any] | None:
    """Return the map of section 6.3, which versions 0 and 1 get bare; None for other replies."""
    if isinstance(reply, envelope.SignedReply):
        return dict(serial.unpack(reply.packed_load))
    if isinstance(reply, envelope.BareReply) and isinstance(reply.value, dict):
        return reply.value
    return None


def body(frame: dict[str, Any]) -> bytes:
    return base64.b64decode(frame["frames_b64"][-1])
