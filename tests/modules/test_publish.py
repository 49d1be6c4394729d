"""Asking other minions and the master: the module, and a master's worker behind it."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from tests.modules.calls import FakeContext, modules
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError

PEER = {"m1": ["test.*", "schedule.add"]}


class PeerContext(FakeContext):
    """A job of the minion m1, whose requests a master's worker answers."""

    def __init__(self, place: Place) -> None:
        """``answers``: what other minions return, by id, as soon as something is published."""
        super().__init__({"id": "m1", "master": "master-1"})
        self.minions = {name: place.minion(name, name) for name in ("m1", "m2", "m3")}
        self.answers: dict[str, Any] = {}

    def call(self, name: str, arguments: dict) -> object:
        """Send a load to the worker."""
        if name != "request":
            return super().call(name, arguments)
        load = dict(arguments["load"])
        self.calls.append((name, load))
        reply = self.minions["m1"].ask(load.pop("cmd"), **load)
        if isinstance(reply, dict) and "jid" in reply:
            for minion, value in self.answers.items():
                self.minions[minion].ask("_return", jid=reply["jid"], fun=load["fun"],
                                         **{"return": value})  # fmt: skip
        return reply


class PublishTests(SynchronousTestCase):
    """The module publish."""

    def setUp(self) -> None:
        """Load the modules."""
        self.place = Place(self, peer=PEER, peer_run={"m1": ["manage.*", "jobs.list_jobs"]})
        self.context = PeerContext(self.place)
        self.functions = modules(self.context)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function."""
        return self.functions[name](*args, **kwargs)

    def published(self) -> dict[str, Any]:
        """Give the load of the only publication."""
        (sent,) = self.place.published
        return sent["load"]

    def test_publish(self) -> None:
        """
        What the minions return is there, by minion; full_data has it under ret.
        """
        self.context.answers = {"m2": "a", "m3": {"b": 1}}
        found = self.call("publish.publish", "m2,m3", "test.echo", "x", tgt_type="list")
        self.assertEqual(found, {"m2": "a", "m3": {"b": 1}})
        self.assertEqual((self.published()["arg"], self.published()["fun"]), (["x"], "test.echo"))
        full = self.call("publish.full_data", ["m2"], "test.echo", tgt_type="list")
        self.assertEqual(full, {"m2": {"ret": "a"}, "m3": {"ret": {"b": 1}}})

    def test_arguments(self) -> None:
        """
        Text is read as on the command line; a list is several arguments.
        """
        for given, sent in (
            ("5", [5]),
            ("[1, two]", [1, "two"]),
            ("a=1", ["a=1"]),
            ("ls -la /tmp", ["ls -la /tmp"]),
            ("", []),
            (None, []),
            (["a", "b=2"], ["a", "b=2"]),
            ({"a": 1}, [{"a": 1}]),
        ):
            self.place.publication_frames.clear()
            self.call("publish.publish", "m2", "test.arg", given, timeout=0)
            self.assertEqual(self.published()["arg"], sent, given)

    def test_who_is_late_is_left_out(self) -> None:
        """
        After the timeout the answer has who returned until then, and nobody is waited for longer.
        """
        self.context.answers = {"m2": "a"}
        found = self.call("publish.publish", "m*", "test.ping", timeout=0.2)
        self.assertEqual(found, {"m2": "a"})
        self.context.answers = {}
        self.assertEqual(self.call("publish.publish", "m2", "test.ping", timeout="0"), {})

    def test_not_allowed(self) -> None:
        """
        What the master does not allow, a target without minions, and publish itself: nothing.
        """
        for tgt, fun in (("m2", "cmd.run"), ("x*", "test.ping"), ("m2", "publish.publish")):
            self.assertEqual(self.call("publish.publish", tgt, fun, timeout=0), {})
        self.assertEqual(self.place.published, [])
        self.assertEqual(self.call("publish.runner", "jobs.active"), {})
        self.assertRaises(SaltInvocationError, self.call, "publish.publish", "m2", "test.ping",
                          via_master="other")  # fmt: skip
        self.assertRaises(SaltInvocationError, self.call, "publish.publish", "m2", "test.ping",
                          timeout="soon")  # fmt: skip

    def test_runner(self) -> None:
        """
        A runner that the master allows runs there.
        """
        self.assertEqual(self.call("publish.runner", "jobs.list_jobs"), {})
        self.context.answers = {"m2": 1}
        self.call("publish.publish", "m2", "test.ping")
        (job,) = self.call("publish.runner", "jobs.list_jobs").values()
        self.assertEqual(job["Function"], "test.ping")
        self.assertEqual(len(self.call("saltutil.runner", "jobs.list_jobs")), 1)
        full = self.call("saltutil.runner", "jobs.list_jobs", full_return=True)
        self.assertEqual((len(full["return"]), full["success"]), (1, True))

    def test_saltutil(self) -> None:
        """
        saltutil.cmd goes the same way; wheel says that it does not.
        """
        self.context.answers = {"m2": 3}
        found = self.call("saltutil.cmd", "m2", "test.arg", ["x"], kwarg={"a": "b"})
        self.assertEqual(found, {"m2": {"ret": 3}})
        self.assertEqual(self.published()["arg"], ["x", "a='b'"])
        found = self.call("saltutil.cmd_iter", "m2", "test.arg")
        self.assertEqual(found, [{"m2": {"ret": 3}}])
        self.assertRaises(CommandExecutionError, self.call, "saltutil.wheel", "key.list_all")
        self.assertEqual(self.call("saltutil.mmodule", "base", "test.echo", "x"), "x")
        self.assertRaises(CommandExecutionError, self.call, "saltutil.mmodule", "base", "no.such")
