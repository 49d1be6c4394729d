"""
Bad input to a live master: refused or dropped, counted, and without any effect.
"""

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import zmq
from twisted.trial.unittest import SynchronousTestCase

from tests.interop.harness import TxMaster
from tests.interop.processes import wait_until
from tests.interop.watchers import TxWatcher
from tests.security import hostile
from tests.security.keys import ec_pem, key_pair, weak_pems
from txsalt.protocol import sealed_request, sign_in
from txsalt.wire import envelope, serial

BAD_LOAD = envelope.BAD_LOAD.encode()
SECONDS = 5.0  # it takes milliseconds; machines that run tests are busy


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with the hash of its content; the store and locks left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".sqlite" not in path.name
    }


class HostileTests(SynchronousTestCase):
    """A master that is attacked goes on as if nothing had happened."""

    def setUp(self) -> None:
        self.master = TxMaster()
        self.addCleanup(self.master.remove)
        self.addCleanup(self.master.kill)
        self.master.start()
        self.ask = hostile.Asker(f"tcp://127.0.0.1:{self.master.ret_port}")
        self.addCleanup(self.ask.close)
        wait_until(self._answers_ping, 20, "the master answers a ping")
        self.workers = self._worker_pids()
        self.publications = self._subscribe()
        self.watcher = TxWatcher(self.master.sock_dir)
        self.addCleanup(self.watcher.close)
        self.files = tree(self.master.root)

    def _answers_ping(self) -> bool:
        return self._refused_or_ping(envelope.write_clear_request({"cmd": "ping"}))

    def _refused_or_ping(self, raw: bytes) -> bool:
        answer = self.ask.frames([b"", raw], 1.0)
        return answer is not None and serial.unpack(answer[1]) == {"cmd": "ping"}

    def _worker_pids(self) -> set[int]:
        daemon = psutil.Process(self.master._process.pid)
        return {
            child.pid for child in daemon.children() if "txsalt.master.worker" in child.cmdline()
        }

    def _subscribe(self) -> zmq.Socket[bytes]:
        context = zmq.Context()
        self.addCleanup(context.destroy, 0)
        socket = context.socket(zmq.SUB)
        socket.subscribe(b"")
        socket.connect(f"tcp://127.0.0.1:{self.master.publish_port}")
        return socket

    def _accepted(self, name: str) -> hostile.Peer:
        """Sign in a peer whose key an operator has accepted."""
        key = key_pair(name)
        (self.master.pki_dir / "minions" / name).write_text(key.public.pem)
        peer = hostile.Peer(name, key)
        outcome = peer.sign_in(self.ask)
        self.assertIsInstance(outcome, sign_in.SignedIn)
        return peer

    def _check_nothing_happened(self, *, allowed: Iterable[str] = ()) -> None:
        began = time.monotonic()
        self.assertTrue(self._answers_ping(), "no answer to a ping")
        self.assertLess(time.monotonic() - began, SECONDS)
        self.assertEqual(self._worker_pids(), self.workers, "a worker was lost")
        self.assertEqual(self.publications.poll(0), 0, "something was published")
        now = tree(self.master.root)
        both = now.keys() | self.files.keys()
        changed = {path for path in both if now.get(path) != self.files.get(path)}
        self.assertEqual(changed - {"console"}, set())
        self.assertNotIn("Traceback", self.master.log())
        # The bus answers its listeners under this prefix; it is no news of the master's.
        tags = {tag for tag, _ in self.watcher.seen() if not tag.startswith("txsalt/live/")}
        self.assertEqual(tags - set(allowed), set())

    def _never_answered_with(self, secret: str, body: bytes, name: str) -> None:
        self.assertNotIn(secret.encode(), body, name)

    def test_from_a_stranger(self) -> None:
        """
        Whatever somebody without a key sends gets a constant refusal, and changes nothing.
        """
        root_key = (self.master.root / "cache" / f".{_user()}_key").read_text()
        for name, raw in hostile.bodies():
            body = self.ask.body(raw)
            self._never_answered_with(root_key, body, name)
            self.assertIn(serial.unpack(body), (envelope.BAD_LOAD, {}, "", None), name)
        for name, raw in hostile.commands_without_key():
            body = self.ask.body(raw)
            self._never_answered_with(root_key, body, name)
            value = serial.unpack(body)
            refused = value in ({}, "", envelope.BAD_LOAD) or "error" in value
            self.assertTrue(refused, f"{name}: {value!r:.200}")
        self._check_nothing_happened()

    def test_hostile_sign_ins(self) -> None:
        """
        Ids that are no file names and keys that are no RSA keys are refused and not stored.
        """
        pem = key_pair("U").public.pem
        for name, raw in hostile.sign_ins(pem):
            self.assertEqual(serial.unpack(self.ask.body(raw)), envelope.BAD_LOAD, name)
        self._check_nothing_happened()

    def test_unusable_keys_never_get_in(self) -> None:
        """
        An EC key, a short key or one with a small exponent is never accepted, even automatically.
        """
        for number, pem in enumerate([ec_pem(), *weak_pems()]):
            load = {
                "cmd": "_auth", "id": f"weak{number}", "nonce": hostile.nonce(), "pub": pem,
                "enc_algo": "OAEP-SHA1", "sig_algo": "PKCS1v15-SHA1",
            }  # fmt: skip
            body = self.ask.body(envelope.write_clear_request(load))
            reply = envelope.read_reply(body)
            if isinstance(reply, envelope.SignedReply):
                self.assertNotIn("aes", serial.unpack(reply.packed_load))
        self.assertTrue(self._answers_ping())

    def test_frames_that_are_no_request(self) -> None:
        """
        Messages without a delimiter, or with more than a body, are dropped or refused.
        """
        ping = envelope.write_clear_request({"cmd": "ping"})
        for frames in ([b""], [ping], [b"", ping, b"more"], [b"x"] * 50, [b"id", b"", ping, b""]):
            answer = self.ask.frames(frames, 0.2)
            self.assertTrue(answer is None or serial.unpack(answer[-1]) == envelope.BAD_LOAD)
        self._check_nothing_happened()

    def test_from_a_minion_that_turned(self) -> None:
        """
        Somebody with an accepted key cannot speak for another, nor reach beyond its own name.
        """
        victim, e = self._accepted("V"), self._accepted("E")
        assert victim.session is not None
        self.files = tree(self.master.root)
        for name, raw in hostile.sealed_by_e(e, "V", victim.session.tok):
            self.assertEqual(serial.unpack(self.ask.body(raw)), envelope.BAD_LOAD, name)
        for name, load in hostile.loads_of_e(e, "V"):
            self._check_answer(e, name, load)
        # Below a prefix of its own choice a minion may fire; those tags mean nothing to anybody.
        free = [tag.partition("/")[2].format(victim="V") for tag in hostile.FORBIDDEN_TAGS]
        self._check_nothing_happened(allowed=["salt/auth", "x", *free])

    def _check_answer(self, e: hostile.Peer, name: str, load: dict[str, Any]) -> None:
        began = time.monotonic()
        body = serial.unpack_raw(self.ask.body(e.sealed(load)))
        self.assertLess(time.monotonic() - began, SECONDS, name)
        if body == BAD_LOAD:
            return
        assert e.session is not None
        self.assertIsInstance(body, bytes, name)
        value = e.session.crypticle.open(body, load["nonce"])
        empty = (None, "", {}, [], False, True, ["", None], ["", []])
        found_nothing = isinstance(value, dict) and not any(
            value.get(field) for field in ("data", "path", "hsum", "jid", "minions")
        )
        self.assertTrue(value in empty or found_nothing, f"{name}: {value!r:.200}")

    def test_flood_of_garbage_holds_nobody_up(self) -> None:
        """
        A proper request is answered at once while many broken ones come in.
        """
        context = zmq.Context()
        self.addCleanup(context.destroy, 0)
        flood = context.socket(zmq.DEALER)
        flood.connect(f"tcp://127.0.0.1:{self.master.ret_port}")
        for _, raw in hostile.bodies():
            if len(raw) < 100_000:
                for _ in range(20):
                    flood.send_multipart([b"", raw])
        began = time.monotonic()
        self.assertTrue(self._answers_ping())
        self.assertLess(time.monotonic() - began, SECONDS)
        self._check_nothing_happened()

    def test_deleted_key_is_out_at_once(self) -> None:
        """
        The next request of a minion whose key was deleted is refused, though its session is good.
        """
        e = self._accepted("E")
        self.assertIsNone(e.ask(self.ask, "_return", jid="20260101000000000000", **{"return": 1}))
        (self.master.pki_dir / "minions" / "E").unlink()
        raw = e.sealed(e.load("_return", jid="20260101000000000002", **{"return": 1}))
        self.assertEqual(serial.unpack(self.ask.body(raw)), envelope.BAD_LOAD)

    def test_a_token_is_proof_of_one_key_only(self) -> None:
        """
        A token recovered from another key's signature is no proof.
        """
        victim, e = self._accepted("V"), self._accepted("E")
        assert victim.session is not None
        load = {**e.load("_return", jid="1", **{"return": 1}), "tok": victim.session.tok}
        self.assertEqual(serial.unpack(self.ask.body(e.sealed(load))), envelope.BAD_LOAD)
        self.assertEqual(sealed_request.TOKEN_TEXT, e.key.public.recover(e.key.sign_x931(b"salt")))


def _user() -> str:
    import getpass

    return getpass.getuser()
