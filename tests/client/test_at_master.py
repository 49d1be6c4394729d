"""Asking the master as the minion, without its daemon."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.fakes.small_master import SmallMaster
from tests.minion.support import MemoryKeys
from txsalt.client.at_master import AtMaster, NotSignedIn, endpoints
from txsalt.client.own_minion import NoMinion
from txsalt.errors import MasterUnreachable, RequestRefused
from txsalt.wire import event

CONFIG: dict[str, Any] = {
    "id": "m1",
    "master": "one",
    "master_port": 4506,
    "hash_type": "sha256",
    "encryption_algorithm": "OAEP-SHA1",
    "signing_algorithm": "PKCS1v15-SHA1",
    "master_finger": "",
    "verify_master_pubkey_sign": False,
    "always_verify_signature": False,
    "auth_timeout": 5,
    "request_channel_timeout": 60,
    "sock_dir": "/run/m",
}


class FakeWire:
    """Connections to masters in memory."""

    def __init__(self, masters: dict[str, SmallMaster]) -> None:
        self.masters = masters
        self.pushed: list[tuple[str, bytes]] = []
        self.closed = False

    def exchange(self, endpoint: str, payload: bytes, timeout: float) -> bytes:
        master = self.masters.get(endpoint)
        reply = master.reply(payload) if master is not None else None
        if reply is None:
            raise MasterUnreachable(endpoint, f"no answer within {timeout:g} s")
        return reply

    def push(self, path: str, frame: bytes) -> None:
        self.pushed.append((path, frame))

    def close(self) -> None:
        self.closed = True


class AtMasterTests(SynchronousTestCase):
    """One minion and its masters."""

    def setUp(self) -> None:
        """Make a master that accepts."""
        self.master = SmallMaster()
        self.master.answers["_file_envs"] = lambda load: ["base"]
        self.wire = FakeWire({"tcp://one:4506": self.master})
        self.keys = MemoryKeys()

    def at_master(self, **options: Any) -> AtMaster:
        """A minion with these options."""

        def explain(outcome: object, master: str, finger: str) -> str:
            return f"{type(outcome).__name__} at {master}"

        return AtMaster({**CONFIG, **options}, self.keys, explain, self.wire)

    def ask(self, minion: AtMaster) -> object:
        """Ask for the environments."""
        return minion.call("request", {"load": {"cmd": "_file_envs"}})

    def test_requests_share_a_sign_in(self) -> None:
        """
        The first request signs in and trusts the master's key; the others use that session.
        """
        minion = self.at_master()
        self.assertEqual((self.ask(minion), self.ask(minion)), (["base"], ["base"]))
        self.assertEqual(len(self.master.sign_ins), 1)
        assert self.keys.trusted is not None
        self.assertEqual(self.keys.trusted.pem, self.master.key.public.pem)

    def test_rotated_keys(self) -> None:
        """
        When the master's keys were rotated, it signs in again and repeats the request.
        """
        minion = self.at_master()
        self.ask(minion)
        self.master.sessions.clear()
        self.master.rotate()
        self.assertEqual(self.ask(minion), ["base"])
        self.assertEqual(len(self.master.sign_ins), 2)

    def test_pending(self) -> None:
        """
        A minion that is not accepted is told so at once.
        """
        self.master.verdict = True
        exc = self.assertRaises(NotSignedIn, self.ask, self.at_master())
        self.assertEqual(str(exc), "not signed in: Pending at tcp://one:4506")

    def test_another_masters_key(self) -> None:
        """
        A master with another key than the trusted one is refused.
        """
        self.keys.trusted = SmallMaster("other").key.public
        exc = self.assertRaises(NotSignedIn, self.ask, self.at_master())
        self.assertIn("MasterKeyChanged", str(exc))

    def test_several_masters(self) -> None:
        """
        Of several masters the first that answers is asked.
        """
        minion = self.at_master(master=["gone", "one"])
        self.assertEqual(self.ask(minion), ["base"])
        self.assertRaises(MasterUnreachable, self.ask, self.at_master(master=["gone"]))

    def test_refusal(self) -> None:
        """
        A request that the master refuses is an error.
        """
        minion = self.at_master()
        self.ask(minion)
        self.wire.exchange = lambda *_: b"\xc4\x03bad"  # type: ignore[method-assign]
        self.assertRaises(RequestRefused, self.ask, minion)

    def test_events(self) -> None:
        """
        Events go to the master, or to the minion that runs on this machine.
        """
        minion = self.at_master()
        minion.call("fire_event", {"tag": "a/b", "data": {"x": 1}, "local": False})
        load = self.master.loads[-1]
        self.assertEqual(
            (load["cmd"], load["tag"], load["data"]), ("_minion_event", "a/b", {"x": 1})
        )
        minion.call("fire_event", {"tag": "c", "data": 5, "local": True})
        minion.call("refresh", {"what": "modules"})
        (path, first), (_, second) = self.wire.pushed
        self.assertRegex(path, "^/run/m/minion_event_[0-9a-f]{10}_pull.ipc$")
        self.assertEqual(event.read_event(first, 1000), ("c", {"data": 5}))
        self.assertEqual(event.read_event(second, 1000)[0], "module_refresh")

    def test_questions_to_a_daemon(self) -> None:
        """
        Without a daemon its schedule is left to the functions, and its jobs are an error.
        """
        minion = self.at_master(sock_dir=self.mktemp())
        self.assertIs(minion.call("schedule", {"do": "list"}), True)
        error = self.assertRaises(NoMinion, minion.call, "jobs", {"fun": "f", "arg": []})
        self.assertIn("it does not run", str(error))
        self.assertIs(minion.call("waits", {"reason": "for something"}), True)

    def test_close(self) -> None:
        """
        It lets go of its sockets.
        """
        self.at_master().close()
        self.assertTrue(self.wire.closed)

    def test_where_masters_are(self) -> None:
        """
        Masters are named with or without a port, by names and addresses of both kinds.
        """
        for text, expected in (
            ("salt", "tcp://salt:4506"),
            ("salt:5506", "tcp://salt:5506"),
            ("10.0.0.1", "tcp://10.0.0.1:4506"),
            ("::1", "tcp://[::1]:4506"),
            ("[::1]", "tcp://[::1]:4506"),
            ("[::1]:5506", "tcp://[::1]:5506"),
        ):
            self.assertEqual(endpoints(text, 4506), [expected])
