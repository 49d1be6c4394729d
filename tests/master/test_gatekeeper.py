"""Tests of the gate: who gets through, and that nothing else does."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import NONCE, FakeMinion, Place, key_pair
from txsalt.light import evolve
from txsalt.master.store import user_keys
from txsalt.master.worker.answerer import answer
from txsalt.master.worker.dispatch import COMMANDS, Who
from txsalt.master.worker.principals import LocalUser, Nobody
from txsalt.protocol.admission import KeyState
from txsalt.wire import serial
from txsalt.wire.crypticle import Crypticle

BAD_LOAD = "bad load"
OTHER_KEY_STRING = "B" * 74 + "A="
SEALED = [name for name, command in COMMANDS.items() if command.who is not Who.CLEAR]
CLEAR = [name for name, command in COMMANDS.items() if command.who is Who.CLEAR]
# Enough for every command to do something if it were let.
FIELDS: dict[str, Any] = {
    "grains": {"os": "x"},
    "return": 1,
    "jid": "20200101000000000000",
    "fun": "test.ping",
    "arg": [],
    "tgt": "*",
    "ret": "",
    "data": {"a": 1},
    "tag": "mine/own",
    "path": ["a"],
    "loc": 0,
    "load": [],
    "resources": {},
}


class Silence(SynchronousTestCase):
    """Base: nothing has changed and nothing was said."""

    place: Place

    def assert_nothing_happened(self) -> None:
        self.assertEqual(self.place.events, [])
        self.assertEqual(self.place.published, [])
        self.assertEqual(self.place.told_daemon, [])
        for table in ("jobs", "returns", "facts", "mine", "identities"):
            rows = self.place.bench._connection.execute(f"SELECT count(*) FROM {table}")
            self.assertEqual(rows.fetchone(), (0,), table)
        self.assertEqual(self.place.bench.keys.accepted_ids(), ["m1", "m2"])


class EveryCommandTests(Silence):
    def setUp(self) -> None:
        self.place = Place(self, file_recv=True, peer={".*": [".*"]}, peer_run={".*": [".*"]})
        self.minion = self.place.minion("m1")
        self.victim = self.place.minion("m2", "other")

    def ask_all(self, make: Any) -> None:
        for cmd in SEALED:
            reply = self.place.ask(make({**FIELDS, "cmd": cmd}))
            self.assertEqual(reply, BAD_LOAD, cmd)
        self.assert_nothing_happened()

    def test_the_fields_are_enough(self) -> None:
        """
        A proper request with these fields is answered, so the refusals below mean something.
        """
        for cmd in SEALED:
            if cmd not in ("revoke_auth", "minion_publish"):
                self.minion.ask(**{**FIELDS, "cmd": cmd})

    def test_no_token(self) -> None:
        """
        No command is carried out without the token.
        """

        def make(load: dict[str, Any]) -> bytes:
            full = self.minion.full(load)
            del full["tok"]
            return self.minion.seal_raw(full)

        self.ask_all(make)

    def test_token_of_another_key(self) -> None:
        """
        No command is carried out with a token of another minion's key.
        """
        tok = self.victim.session.tok
        self.ask_all(lambda load: self.minion.seal_raw(self.minion.full(load, tok=tok)))

    def test_token_over_another_text(self) -> None:
        """
        No command is carried out with a signature over something else.
        """
        tok = self.minion.key.sign_x931(b"pepper")
        self.ask_all(lambda load: self.minion.seal_raw(self.minion.full(load, tok=tok)))

    def test_verified_token_is_not_a_pass_for_others(self) -> None:
        """
        After a good request, a bad token is still refused.
        """
        self.minion.ask("_master_opts")
        self.test_token_of_another_key()

    def test_another_minions_id_inside(self) -> None:
        """
        A minion cannot speak for another one with its own session.
        """
        self.ask_all(lambda load: self.minion.seal_raw(self.minion.full(load, id="m2")))

    def test_another_minions_id_outside(self) -> None:
        """
        An envelope with another minion's id does not open.
        """
        self.ask_all(
            lambda load: self.minion.seal_raw(self.minion.full(load, id="m2"), claimed="m2")
        )

    def test_id_missing_inside(self) -> None:
        """
        A load that names no id is refused.
        """

        def make(load: dict[str, Any]) -> bytes:
            full = self.minion.full(load)
            del full["id"]
            return self.minion.seal_raw(full)

        self.ask_all(make)

    def test_wrong_session(self) -> None:
        """
        A box of a key that nobody has is refused.
        """
        self.minion.session = evolve(self.minion.session, crypticle=Crypticle("A" * 74 + "A="))
        self.ask_all(self.minion.seal)

    def test_shared_key_instead_of_session(self) -> None:
        """
        The key that all minions hold opens no request of version 3.
        """
        shared = Crypticle(self.place.secrets.aes)
        self.minion.session = evolve(self.minion.session, crypticle=shared)
        self.ask_all(self.minion.seal)

    def test_in_clear_text(self) -> None:
        """
        Commands of minions do nothing in clear text, even with the root key.
        """
        for cmd in SEALED:
            reply = self.place.as_root(cmd, **{**FIELDS, "id": "m1"})
            self.assertEqual(reply, {}, cmd)
        self.assert_nothing_happened()

    def test_clear_commands_in_a_box(self) -> None:
        """
        Commands of local tools do nothing when a minion seals them.
        """
        for cmd in CLEAR:
            key = self.place.root_key
            self.assertEqual(self.minion.ask(cmd, **{**FIELDS, "key": key, "user": "root"}), {})
        self.assert_nothing_happened()

    def test_names_of_python(self) -> None:
        """
        Nothing but the table is called: names of functions and attributes do nothing.
        """
        hostile = [
            *dir(self.place.bench),
            *dir(COMMANDS["_auth"]),
            *("__init__", "_prep_auth_info", "_send_pub", "_ext_nodes", "handle", "eval", ""),
        ]
        for cmd in set(hostile) - set(COMMANDS):
            self.assertEqual(self.minion.ask(cmd), {}, cmd)
            self.assertEqual(self.place.as_root(cmd), {}, cmd)
        self.assert_nothing_happened()

    def test_a_command_that_is_no_text(self) -> None:
        """
        A command of another type is refused.
        """
        for cmd in (1, None, ["_return"], {"a": 1}, b"\xff"):
            payload = self.minion.seal_raw(self.minion.full({"cmd": cmd}))
            self.assertEqual(self.place.ask(payload), BAD_LOAD)


class LifeOfAKeyTests(Silence):
    def setUp(self) -> None:
        self.place = Place(self, request_server_ttl=300, publish_session=3600)
        self.minion = self.place.minion("m1")

    def ping(self) -> Any:
        return serial.unpack(answer(self.place.bench, self.minion.seal({"cmd": "_file_envs"})))

    def assert_refused(self) -> None:
        self.assertEqual(self.ping(), BAD_LOAD)

    def test_deleted_key(self) -> None:
        """
        A deletion works at once, whoever deletes the file.
        """
        self.assertEqual(self.minion.ask("_file_envs"), ["base"])
        self.place.bench.keys.delete("m1")
        self.assert_refused()

    def test_rejected_key(self) -> None:
        """
        A rejection works at once.
        """
        self.minion.ask("_file_envs")
        self.place.bench.keys.reject("m1")
        self.assert_refused()

    def test_replaced_key(self) -> None:
        """
        After another key was accepted for the id, the old one opens nothing.
        """
        self.minion.ask("_file_envs")
        self.place.bench.keys.put(KeyState.ACCEPTED, "m1", key_pair("other").public.pem)
        self.assert_refused()

    def test_end_of_an_epoch(self) -> None:
        """
        A session key ends with its time; then the minion signs in again.
        """
        self.minion.ask("_file_envs")
        self.place.clock.now += 3601
        self.assert_refused()
        self.minion = FakeMinion(self.place, "m1", self.minion.key)
        self.assertEqual(self.minion.ask("_file_envs"), ["base"])

    def test_every_worker_has_the_same_session(self) -> None:
        """
        A minion that signed in at one worker is served by each.
        """
        other = self.place.new_worker()
        reply = answer(other, self.minion.seal({"cmd": "_file_envs"}))
        self.assertEqual(self.minion.open(reply), ["base"])

    def test_rotation_leaves_sessions_alone(self) -> None:
        """
        A new shared key does not disturb requests.
        """
        self.place.bench.use(evolve(self.place.secrets, aes=OTHER_KEY_STRING))
        self.assertEqual(self.minion.ask("_file_envs"), ["base"])

    def test_old_request(self) -> None:
        """
        With request_server_ttl a request that is too old is refused.
        """
        payload = self.minion.seal({"cmd": "_file_envs"})
        self.place.clock.now += 301
        # the session may have ended, too; both are the same refusal
        self.assertEqual(self.place.ask(payload), BAD_LOAD)

    def test_reply_carries_the_nonce(self) -> None:
        """
        A request without a nonce is served, its reply carries none; a strange nonce is refused.
        """
        full = self.minion.full({"cmd": "_file_envs"}, ts=int(self.place.clock.now))
        del full["nonce"]
        reply = serial.unpack_raw(answer(self.place.bench, self.minion.seal_raw(full)))
        self.assertEqual(self.minion.session.crypticle.open(reply), ["base"])
        full["nonce"] = "é" * 32
        self.assertEqual(self.place.ask(self.minion.seal_raw(full)), BAD_LOAD)


class OldVersionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, minimum_auth_version=0)
        self.minion = self.place.minion("m1")
        self.shared = Crypticle(self.place.secrets.aes)

    def request(self, version: int, load: dict[str, Any]) -> Any:
        outer = {"enc": "aes", "load": self.shared.seal(load), "version": version}
        return serial.unpack_raw(answer(self.place.bench, serial.pack(outer)))

    def test_served_when_the_floor_is_lowered(self) -> None:
        """
        Versions 0 to 2 use the shared key; from 2 on the reply carries the nonce.
        """
        load = {"cmd": "_file_envs", "id": "m1", "nonce": NONCE}
        self.assertEqual(self.shared.open(self.request(0, load)), ["base"])
        self.assertEqual(self.shared.open(self.request(2, load), NONCE), ["base"])

    def test_files_without_an_id(self) -> None:
        """
        Old minions ask for files without saying who they are; nothing else is given so.
        """
        self.assertEqual(self.shared.open(self.request(1, {"cmd": "_file_envs"})), ["base"])
        self.assertEqual(self.shared.open(self.request(1, {"cmd": "_mine_flush"})), {})

    def test_wrong_token(self) -> None:
        """
        A token that is sent is checked.
        """
        load = {"cmd": "_file_envs", "id": "m1", "tok": b"\xff" * 256}
        self.assertEqual(self.request(1, load), b"bad load")

    def test_unsigned_pillar(self) -> None:
        """
        Versions 0 and 1 get their pillar without a signature.
        """
        reply = self.request(1, {"cmd": "_pillar", "id": "m1", "grains": {}})
        key = self.minion.key.decrypt(reply[b"key"], "OAEP-SHA1")
        self.assertEqual(Crypticle(key).open(reply[b"pillar"]), {})

    def test_refused_by_default(self) -> None:
        """
        Without the option each lower version is refused, whatever form it has.
        """
        place = Place(self)
        for version in (0, 1, 2, -1, "2", "x", None, True, 2.0):
            for enc, load in (("clear", {"cmd": "ping"}), ("aes", self.shared.seal({}))):
                outer = {"enc": enc, "load": load, "version": version, "id": "m1"}
                self.assertEqual(place.ask(serial.pack(outer)), BAD_LOAD, version)
        self.assertEqual(place.ask(serial.pack({"enc": "clear", "load": {}})), BAD_LOAD)


class UserTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.bob_key = user_keys.ensure(self.place.config.cachedir, "bob")
        self.gate = self.place.new_worker().gatekeeper

    def test_root_key(self) -> None:
        """
        Who can read root's key speaks for everybody, under the name that is sent.
        """
        for name in ("root", "sudo_ann", "ann"):
            load = {"key": self.place.root_key, "user": name}
            self.assertEqual(self.gate.user_of(load), LocalUser(name=name, full=True))
        self.assertEqual(
            self.gate.user_of({"key": self.place.root_key}), LocalUser(name="root", full=True)
        )

    def test_own_key(self) -> None:
        """
        A user's own key counts for that user only, and gives no rights by itself.
        """
        self.assertEqual(
            self.gate.user_of({"key": self.bob_key, "user": "bob"}),
            LocalUser(name="bob", full=False),
        )
        for name in ("root", "sudo_bob", "ann", ""):
            self.assertEqual(self.gate.user_of({"key": self.bob_key, "user": name}), Nobody())

    def test_no_key(self) -> None:
        """
        Empty, wrong and strange keys are nobody's.
        """
        for key in ("", "x", None, 5, b"\xff", "é" * 76, self.place.root_key[:-1], []):
            self.assertEqual(self.gate.user_of({"key": key, "user": "root"}), Nobody())
        self.assertEqual(self.gate.user_of({"key": "x", "user": ["root"]}), Nobody())
