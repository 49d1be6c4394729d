"""Tests of minions that ask others, and of small commands."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import FakeMinion, Place


class PeerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(
            self, peer={"m1": ["test.*"], "m2.*": [".*"]}, peer_run={"m1": ["jobs.list_jobs"]}
        )
        self.one, self.two = self.place.minion("m1"), self.place.minion("m2", "other")

    def pub(self, fun: Any = "test.ping", cmd: str = "minion_pub", **fields: Any) -> Any:
        return self.one.ask(cmd, **{"fun": fun, "arg": [], "tgt": "*", "ret": "", **fields})

    def test_allowed(self) -> None:
        """
        An allowed function is published in the minion's name; only that minion reads results.
        """
        reply = self.pub(arg=["5", "a=1", "raw: x"])
        self.assertEqual(reply["minions"], ["m1", "m2"])
        (sent,) = self.place.published
        self.assertEqual((sent["load"]["id"], sent["load"]["user"]), ("m1", "m1"))
        self.assertEqual(sent["load"]["arg"], [5, "a=1", "raw: x"])
        jid = reply["jid"]
        self.assertEqual(self.one.ask("pub_ret", jid=jid), {})
        self.two.ask("_return", jid=jid, fun="test.ping", **{"return": "pong"})
        self.assertEqual(self.one.ask("pub_ret", jid=jid), {"m2": {"ret": "pong"}})
        self.assertEqual(self.two.ask("pub_ret", jid=jid), {})

    def test_not_allowed(self) -> None:
        """
        What the option does not grant is not published, nor is publishing by another.
        """
        for fun in ("cmd.run", "xtest.ping", "test.ping,cmd.run", ["test.ping", "cmd.run"], ""):
            arg: list[Any] = [[], []] if isinstance(fun, list) else []
            self.assertEqual(self.pub(fun, arg=arg), {}, fun)
        self.assertEqual(
            self.two.ask("minion_pub", fun="publish.publish", arg=[], tgt="*", ret=""), {}
        )
        self.assertEqual(self.place.published, [])

    def test_blacklist(self) -> None:
        """
        What the blacklist forbids everybody is not to be had by way of a minion either.
        """
        self.place = Place(
            self, peer={"m1": [".*"]}, publisher_acl_blacklist={"modules": ["test.exception"]}
        )
        self.one = self.place.minion("m1")
        self.assertEqual(self.pub("test.exception"), {})
        self.assertEqual(self.pub("test.ping")["minions"], ["m1"])

    def test_incomplete(self) -> None:
        """
        A request without its fields is answered with an empty map.
        """
        self.assertEqual(self.one.ask("minion_pub", fun="test.ping"), {})

    def test_results_are_not_paths(self) -> None:
        """
        A jid that is a path, too long or unknown finds nothing.
        """
        for jid in ("/proc/self/fd/0", "../fifo", "x" * 1_000_000, None, "2024", ["a"]):
            self.assertEqual(self.one.ask("pub_ret", jid=jid), "")
        self.place.as_root("publish", tgt="*", fun="test.ping", jid="77")
        self.assertEqual(self.one.ask("pub_ret", jid="77"), "")

    def test_publish_and_wait(self) -> None:
        """
        The old form waits for the results it can get in its time.
        """
        self.assertEqual(self.pub(cmd="minion_publish", tmo=0), {})
        full = self.pub(cmd="minion_publish", tmo=0, form="full")
        self.assertEqual(list(full), ["__jid__"])

    def test_runner(self) -> None:
        """
        A minion starts the runners that are granted, and no others.
        """
        self.assertEqual(self.one.ask("minion_runner", fun="jobs.list_jobs", arg=[]), {})
        self.pub()
        self.assertEqual(len(self.one.ask("minion_runner", fun="jobs.list_jobs", arg=[])), 1)
        self.assertEqual(self.two.ask("minion_runner", fun="jobs.list_jobs", arg=[]), {})
        self.assertEqual(self.one.ask("minion_runner", fun="jobs.lookup_jid", arg=["1"]), {})


class PeerTargetTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, peer={"m1": [{"m*": ["test.*"]}], "m2": ["test.*"]})
        self.one, self.two, _ = (self.place.minion(each) for each in ("m1", "m2", "db"))
        self.place.bench.facts.save("m2", {"os": "x"}, {"secret": "abc"}, 1)
        for name in ("m1", "db"):
            self.place.bench.facts.save(name, {"os": "y"}, {}, 1)

    def pub(self, minion: FakeMinion, tgt: str, tgt_type: str = "glob") -> Any:
        return minion.ask("minion_pub", fun="test.ping", arg=[], tgt=tgt, tgt_type=tgt_type, ret="")

    def test_targets(self) -> None:
        """
        A minion may be granted functions on some others only; these get the job by name.
        """
        self.assertEqual(self.pub(self.one, "m*")["minions"], ["m1", "m2"])
        self.assertEqual(self.pub(self.one, "*"), {})
        self.assertEqual(self.pub(self.one, "os:x", "grain")["minions"], ["m2"])
        load = self.place.published[-1]["load"]
        self.assertEqual((load["tgt"], load["tgt_type"]), (["m2"], "list"))

    def test_pillar(self) -> None:
        """
        A minion cannot guess another's pillar by patterns.
        """
        self.assertEqual(self.pub(self.two, "secret:abc", "pillar")["minions"], ["m2"])
        for tgt, tgt_type in (("secret:a*", "pillar"), ("I@secret:a*", "compound")):
            self.assertEqual(self.pub(self.two, tgt, tgt_type), {})


class SmallCommandTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.minion = self.place.minion("m1")

    def test_master_opts(self) -> None:
        """
        A minion gets the options that state runs read, in Salt's order; folders stay secret.
        """
        opts = self.minion.ask("_master_opts")
        self.assertEqual(
            list(opts),
            [
                *("file_roots", "top_file_merging_strategy", "env_order", "default_top"),
                *("renderer", "failhard", "state_top", "state_top_saltenv", "nodegroups"),
                *("state_auto_order", "state_events", "state_aggregate", "jinja_env"),
                *("jinja_sls_env", "jinja_lstrip_blocks", "jinja_trim_blocks"),
            ],
        )
        self.assertEqual(opts["file_roots"], {"base": []})
        self.assertEqual(len(self.minion.ask("_master_opts", env_only=True)), 4)

    def test_empty_services(self) -> None:
        """
        Services that are still empty answer in the right shape.
        """
        self.assertEqual(self.minion.ask("_master_tops", opts={}), {})
        self.assertIs(self.minion.ask("_register_resources", resources={}), True)
        self.assertEqual(self.minion.ask("_ext_nodes"), {})
        self.assertEqual(self.minion.ask("verify_minion"), {})

    def test_revoke(self) -> None:
        """
        A minion may give its key back; the next request is refused and the shared key replaced.
        """
        self.minion.ask("_mine", data={"x": 1})
        self.assertIs(self.minion.ask("revoke_auth"), True)
        self.assertEqual(self.place.bench.keys.accepted_ids(), [])
        self.assertEqual(self.place.tags, ["salt/key"])
        self.assertEqual(self.place.events[0][1]["act"], "delete")
        self.assertEqual([frame["kind"] for frame in self.place.told_daemon], ["rotate"])
        self.assertEqual(self.place.bench.mine.values("x", ["m1"]), {})
        self.assertEqual(self.place.ask(self.minion.seal({"cmd": "_file_envs"})), "bad load")

    def test_revoke_forbidden(self) -> None:
        """
        Where the operator forbids it, the key stays.
        """
        place = Place(self, allow_minion_key_revoke=False)
        minion = place.minion("m1")
        self.assertIs(minion.ask("revoke_auth"), False)
        self.assertEqual(minion.ask("_file_envs"), ["base"])


class ToolTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.place.minion("m1")

    def wheel(self, fun: str, **fields: Any) -> Any:
        reply = self.place.as_root("wheel", fun=fun, **fields)
        self.assertIs(reply["data"]["success"], True, reply)
        return reply["data"]["return"]

    def test_ping_and_tokens(self) -> None:
        """
        ping echoes; tokens are refused in their own shapes.
        """
        self.assertEqual(self.place.say({"cmd": "ping", "x": 1}), {"cmd": "ping", "x": 1})
        self.assertEqual(self.place.say({"cmd": "get_token", "token": "../../x"}), {})
        self.assertEqual(self.place.say({"cmd": "mk_token", "eauth": "pam"}), "")
        self.assertEqual(self.place.say({"cmd": "nonsense"}), {})
        self.assertEqual(self.place.say({}), {})

    def test_keys(self) -> None:
        """
        Keys are listed, rejected, accepted, shown and deleted; each change is told.
        """
        listed = self.wheel("key.list_all")
        self.assertEqual(listed["minions"], ["m1"])
        self.assertEqual(self.wheel("key.reject", match="m*"), {})
        rejected = self.wheel("key.reject", match="m*", include_accepted=True)
        self.assertEqual(rejected, {"minions_rejected": ["m1"]})
        self.assertEqual(self.wheel("key.accept", match="m1"), {})
        accepted = self.wheel("key.accept", match="m1", include_rejected=True)
        self.assertEqual(accepted, {"minions": ["m1"]})
        prints = self.wheel("key.finger", match="*")["minions"]["m1"]
        self.assertRegex(prints, "^([0-9a-f]{2}:){31}[0-9a-f]{2}$")
        self.wheel("key.delete", match="m1")
        self.assertEqual(self.wheel("key.list_all")["minions"], [])
        acts = [data["act"] for tag, data in self.place.events if tag == "salt/key"]
        self.assertEqual(acts, ["rejected", "accepted", "delete"])
        self.assertEqual(len(self.place.told_daemon), 2)

    def test_runner(self) -> None:
        """
        A runner's result comes as an event under the tag that the reply names.
        """
        jid = self.place.as_root("publish", tgt="*", fun="test.ping")["load"]["jid"]
        reply = self.place.as_root("runner", fun="jobs.lookup_jid", kwarg={"arg": [jid]})
        tag, data = self.place.events[-1]
        self.assertEqual(tag, f"{reply['tag']}/ret")
        self.assertEqual((data["return"], data["success"]), ({}, True))
        self.place.as_root("runner", fun="jobs.list_job", kwarg={"jid": jid})
        self.assertEqual(self.place.events[-1][1]["return"]["Function"], "test.ping")

    def test_unknown_functions(self) -> None:
        """
        Nothing but the table runs, and wrong arguments are an answer, not a crash.
        """
        for fun in ("config.values", "file_roots.write", "__init__", "key", "../x"):
            reply = self.place.as_root("wheel", fun=fun, match="*")
            self.assertIs(reply["data"]["success"], False)
        self.place.as_root("runner", fun="jobs.lookup_jid")
        self.assertIs(self.place.events[-1][1]["success"], False)

    def test_without_a_key(self) -> None:
        """
        Nobody runs anything without a key.
        """
        for cmd in ("runner", "wheel"):
            reply = self.place.say({"cmd": cmd, "fun": "key.delete", "match": "*"})
            self.assertEqual(reply["error"]["name"], "UserAuthenticationError")
        self.assertEqual(self.place.events, [])
        self.assertEqual(self.place.bench.keys.accepted_ids(), ["m1"])
