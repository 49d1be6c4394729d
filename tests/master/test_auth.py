"""Tests of signing in: the whole way from the request to the key store."""

import os
import stat
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import NONCE, Place, key_pair
from txsalt.master.worker.answerer import answer
from txsalt.protocol.admission import KeyState
from txsalt.wire import auth_loads, envelope, rsa
from txsalt.wire.crypticle import Crypticle


class AuthCase(SynchronousTestCase):
    options: dict[str, Any] = {}

    def setUp(self) -> None:
        self.place = Place(self, **self.options)
        self.key = key_pair("minion")

    def sign_in(self, minion_id: str = "m1", key: str = "minion", **changes: Any) -> Any:
        """Return the inner map of the reply, or the reply if it is another one."""
        load = {
            "cmd": "_auth",
            "id": minion_id,
            "nonce": NONCE,
            "enc_algo": "OAEP-SHA1",
            "sig_algo": "PKCS1v15-SHA1",
            "pub": key_pair(key).public.pem,
            **changes,
        }
        reply = envelope.read_reply(answer(self.place.bench, envelope.write_clear_request(load)))
        if not isinstance(reply, envelope.SignedReply):
            return reply
        algorithm = load["sig_algo"]
        key_pair("master").public.verify(reply.sig, reply.packed_load, algorithm)
        return auth_loads.read_inner(reply.packed_load)

    def verdict(self, *arguments: Any, **changes: Any) -> Any:
        inner = self.sign_in(*arguments, **changes)
        return inner.ret if isinstance(inner, auth_loads.VerdictLoad) else inner

    def assert_accepted(self, *arguments: Any, **changes: Any) -> auth_loads.AcceptedLoad:
        inner = self.sign_in(*arguments, **changes)
        self.assertIsInstance(inner, auth_loads.AcceptedLoad)
        return inner

    def state(self, minion_id: str = "m1") -> KeyState | None:
        return self.place.bench.keys.get(minion_id).state

    @property
    def acts(self) -> list[tuple[str, bool]]:
        return [
            (data["act"], data["result"]) for tag, data in self.place.events if tag == "salt/auth"
        ]


class DecisionTests(AuthCase):
    def test_first_contact_then_accepted(self) -> None:
        """
        A new minion waits; once its key is accepted it gets both keys and can use them.
        """
        self.assertIs(self.verdict(), True)
        self.assertIs(self.verdict(), True)
        self.assertIs(self.state(), KeyState.PENDING)
        self.place.bench.keys.accept("m1")
        inner = self.assert_accepted()
        self.assertEqual(inner.nonce, NONCE)
        self.assertEqual(self.key.decrypt(inner.aes, "OAEP-SHA1").decode(), self.place.secrets.aes)
        session = self.key.decrypt(inner.session or b"", "OAEP-SHA1")
        minion = self.place.minion("m1")
        minion.session.crypticle.open(Crypticle(session).seal({}))
        self.assertEqual(minion.ask("_file_envs"), ["base"])
        self.assertEqual(self.acts, [("pend", True), ("pend", True), ("accept", True)])

    def test_log(self) -> None:
        """
        A new key and a denied one are a line in the log each, however often their minions ask.
        """
        with self.assertLogs("txsalt.master.worker.commands.auth", "INFO") as logged:
            for key in ("minion", "minion", "other", "other"):
                self.sign_in(key=key)
        self.assertEqual([record.levelname for record in logged.records], ["INFO", "WARNING"])
        finger = rsa.fingerprint(self.key.public.pem, "sha256")
        self.assertIn(f"key of m1: pending (sign-in), fingerprint {finger}", logged.output[0])
        self.assertIn("key of m1: denied", logged.output[1])

    def test_rejected(self) -> None:
        """
        A rejected key stays rejected.
        """
        self.place.bench.keys.put(KeyState.REJECTED, "m1", self.key.public.pem)
        self.assertIs(self.verdict(), False)
        self.assertEqual(self.acts, [("reject", False)])

    def test_other_key_for_an_accepted_id(self) -> None:
        """
        Another key for an accepted id is denied and kept beside, and the first one still works.
        """
        minion = self.place.minion("m1")
        self.assertIs(self.verdict("m1", "other"), False)
        self.assertEqual(self.place.bench.keys.listing(KeyState.DENIED), ["m1"])
        self.assertEqual(self.acts, [("denied", False)])
        self.assertEqual(minion.ask("_file_envs"), ["base"])

    def test_token_is_echoed(self) -> None:
        """
        A token that was encrypted to the master comes back encrypted to the minion.
        """
        self.place.minion("m1")
        token = key_pair("master").public.encrypt(b"t" * 76, "OAEP-SHA1")
        inner = self.assert_accepted(token=token)
        self.assertEqual(self.key.decrypt(inner.token or b"", "OAEP-SHA1"), b"t" * 76)
        self.assertIsNone(self.assert_accepted(token=b"\xff" * 256).token)

    def test_sha224(self) -> None:
        """
        The minion's choice of algorithms is followed.
        """
        self.place.minion("m1")
        inner = self.assert_accepted(enc_algo="OAEP-SHA224", sig_algo="PKCS1v15-SHA224")
        self.assertTrue(self.key.decrypt(inner.aes, "OAEP-SHA224"))

    def test_unknown_algorithms(self) -> None:
        """
        Unknown algorithms are named in an unsigned reply, and nothing is stored.
        """
        for field, text in (("enc_algo", "bad enc algo"), ("sig_algo", "bad sig algo")):
            reply = self.sign_in(**{field: "ROT13"})
            self.assertEqual(reply, envelope.ClearReply({"ret": text}))
        self.assertIsNone(self.state())
        self.assertEqual(self.acts, [])

    def test_broken_requests(self) -> None:
        """
        Hostile ids and keys that are none get the constant refusal; nothing is stored.
        """
        before = sorted(os.listdir(self.place.config.pki_dir))
        for minion_id in ("../x", "a/b", "", ".", "..", "a\0b", "a\nb", 5, None, "x" * 4096, []):
            reply = self.sign_in(minion_id)  # type: ignore[arg-type]
            self.assertEqual(reply, envelope.BareReply(b"bad load"))
        weak = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
        for pub in ("", "rubbish", weak, "x" * 1_000_000, 5, None, key_pair("minion").pem()):
            self.assertEqual(self.sign_in(pub=pub), envelope.BareReply(b"bad load"))
        self.assertEqual(sorted(os.listdir(self.place.config.pki_dir)), before)
        for state in KeyState:
            self.assertEqual(self.place.bench.keys.listing(state), [])
        self.assertEqual(self.place.events, [])

    def test_new_key_inherits_nothing(self) -> None:
        """
        What was kept of a minion is gone when its id signs in with another key.
        """
        minion = self.place.minion("m1")
        self.assert_accepted()
        minion.ask("_mine", data={"x": 1})
        os.unlink(f"{self.place.config.pki_dir}/minions/m1")
        other = self.place.minion("m1", "other")
        self.assert_accepted("m1", "other")
        self.assertEqual(other.ask("_mine_get", tgt="*", fun="x"), {})

    def test_rotated_shared_key(self) -> None:
        """
        After a rotation the new shared key is handed out, with its own signature.
        """
        self.place.minion("m1")
        first = self.assert_accepted()
        renewed = type(self.place.secrets)(
            aes="B" * 74 + "A=", session_secret=self.place.secrets.session_secret
        )
        self.place.bench.use(renewed)
        second = self.assert_accepted()
        self.assertEqual(self.key.decrypt(second.aes, "OAEP-SHA1").decode(), renewed.aes)
        self.assertNotEqual(first.sig, second.sig)


class OpenModeTests(AuthCase):
    options = {"open_mode": True}

    def test_any_key(self) -> None:
        """
        In open mode the key that is shown replaces the stored one.
        """
        self.place.minion("m1")
        self.assert_accepted("m1", "other")
        self.assertEqual(self.place.bench.keys.get("m1").pem, key_pair("other").public.pem)


class AutoAcceptTests(AuthCase):
    options = {"auto_accept": True}

    def test_accepted_at_once(self) -> None:
        """
        With auto_accept a new key is accepted; a different key for the same id is not.
        """
        self.assert_accepted()
        self.assertIs(self.verdict("m1", "other"), False)

    def test_pending_key_is_moved(self) -> None:
        """
        A key that waited is accepted at its next try, and waits no more.
        """
        self.place.bench.keys.put(KeyState.PENDING, "m1", self.key.public.pem)
        self.assert_accepted()
        self.assertEqual(self.place.bench.keys.listing(KeyState.PENDING), [])


class FullTests(AuthCase):
    options = {"auto_accept": True, "max_minions": 1}

    def test_full(self) -> None:
        """
        One more than max_minions is told so and not stored; those who are in stay in.
        """
        self.assert_accepted("m1")
        self.assertEqual(self.verdict("m2", "other"), "full")
        self.assertIsNone(self.state("m2"))
        self.assert_accepted("m1")


class RuleFileTests(AuthCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.place.folder
        self.options = {
            "autosign_file": f"{folder}/sign",
            "autoreject_file": f"{folder}/reject",
            "autosign_grains_dir": f"{folder}/grains",
        }
        super().setUp()

    def rules(self, option: str, text: str, mode: int = 0o644) -> None:
        path = self.options[option]
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def test_globs_and_expressions(self) -> None:
        """
        Lines are names, globs or whole regular expressions; comments do not count.
        """
        self.rules("autosign_file", "# m9\nweb-*\ndb[0-9]+\\.x\nm1\n")
        for number, minion_id in enumerate(("web-01", "db12.x", "m1")):
            self.assert_accepted(minion_id, f"k{number % 2}")
        for minion_id in ("m9", "db12.xyz", "aweb-01"):
            self.assertIs(self.verdict(minion_id), True, minion_id)

    def test_reject_wins(self) -> None:
        """
        An id in both files is rejected.
        """
        self.rules("autosign_file", "*\n")
        self.rules("autoreject_file", "m1\n")
        self.assertIs(self.verdict("m1"), False)
        self.assertIs(self.state("m1"), KeyState.REJECTED)

    def test_file_that_others_can_write(self) -> None:
        """
        A rule file that group or others can write counts for nothing.
        """
        for mode in (0o666, 0o664):
            self.rules("autosign_file", "*\n", mode)
            self.assertIs(self.verdict(), True)

    def test_grains(self) -> None:
        """
        A grain with a listed value lets a minion in; its name cannot lead out of the folder.
        """
        os.mkdir(self.options["autosign_grains_dir"])
        with open(f"{self.options['autosign_grains_dir']}/uuid", "w") as file:
            file.write("# known machines\n4711\n")
        self.rules("autosign_file", "")
        hostile = {"../sign": "", "uuid": "4712", "nothing": "x"}
        self.assertIs(self.verdict(autosign_grains=hostile), True)
        self.assert_accepted(autosign_grains={"uuid": 4711})


class StubTests(AuthCase):
    def stub(self, age: float = 0) -> str:
        path = f"{self.place.bench.keys.autosign_folder}/m1"
        with open(path, "w"):
            pass
        when = self.place.clock.now - age
        os.utime(path, (when, when))
        return path

    def test_good_for_one_time(self) -> None:
        """
        A stub lets its id in once, and is gone then.
        """
        path = self.stub()
        self.assert_accepted()
        self.assertFalse(os.path.exists(path))
        self.place.bench.keys.delete("m1")
        self.assertIs(self.verdict(), True)

    def test_not_used_up_in_vain(self) -> None:
        """
        A stub is not spent on a minion that is accepted already.
        """
        self.place.minion("m1")
        path = self.stub()
        self.assert_accepted()
        self.assertTrue(os.path.exists(path))

    def test_too_old(self) -> None:
        """
        A stub older than autosign_timeout counts for nothing and is removed.
        """
        path = self.stub(age=121 * 60)
        self.assertIs(self.verdict(), True)
        self.assertFalse(os.path.exists(path))

    def test_folder_is_private(self) -> None:
        """
        Nobody but the master's user can leave a stub.
        """
        mode = os.stat(self.place.bench.keys.autosign_folder).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o700)


class SigningKeyTests(AuthCase):
    options = {"master_sign_pubkey": True}

    def test_master_key_is_signed(self) -> None:
        """
        With master_sign_pubkey each reply carries a signature in the minion's algorithm.
        """
        self.place.minion("m1")
        for algorithm in ("PKCS1v15-SHA1", "PKCS1v15-SHA224"):
            inner = self.assert_accepted(sig_algo=algorithm)
            signature = auth_loads.read_pub_sig(inner.pub_sig or "")
            key_pair("sign").public.verify(signature, inner.pub_key.encode(), algorithm)
        self.assertEqual(rsa.clean_pem(inner.pub_key), key_pair("master").public.pem)
