"""Tests of who may do what: key files, publisher_acl, the blacklist, runners."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.master.store import user_keys

ACL = {
    "bob": ["test.*", {"web*": ["pkg.*", {"cmd.run": {"args": ["uptime"]}}]}, "@jobs"],
    "eve": [{"web*": [".*"]}],
    "dan": [{"G@role:web": ["test.ping"]}],
    "cat": ["@target"],
}


class AclCase(SynchronousTestCase):
    options: dict[str, Any] = {"publisher_acl": ACL, "nodegroups": {"webs": "web-*"}}

    def setUp(self) -> None:
        self.place = Place(self, **self.options)
        for name in ("web-1", "web-2", "db-1"):
            self.place.minion(name)
        self.keys = {
            user: user_keys.ensure(self.place.config.cachedir, user)
            for user in ("bob", "cat", "eve", "dan", "zed")
        }
        self.place.bench = self.place.new_worker()

    def publish(self, user: str, tgt: Any, fun: Any, **more: Any) -> Any:
        load = {"cmd": "publish", "tgt": tgt, "fun": fun, "arg": [], "user": user, **more}
        return self.place.say({"key": self.keys.get(user, ""), **load})

    def allowed(self, user: str, tgt: Any, fun: Any, **more: Any) -> bool:
        before = len(self.place.published)
        reply = self.publish(user, tgt, fun, **more)
        if "error" in reply:
            self.assertEqual(reply["error"]["name"], "AuthorizationError")
            self.assertEqual(len(self.place.published), before)
            return False
        return True


class PublisherAclTests(AclCase):
    def test_functions(self) -> None:
        """
        A user with an own key runs what the rules grant, under the own name, and nothing else.
        """
        self.assertTrue(self.allowed("bob", "*", "test.ping"))
        self.assertEqual(self.place.published[-1]["load"]["user"], "bob")
        self.assertFalse(self.allowed("bob", "*", "cmd.run", arg=["id"]))
        self.assertFalse(self.allowed("zed", "*", "test.ping"))

    def test_another_name(self) -> None:
        """
        An own key is good for the own name only; not for root, sudo or another user.
        """
        for name in ("root", "sudo_bob", "eve", "", "salt"):
            reply = self.publish(name, "*", "test.ping", key=self.keys["bob"])
            self.assertEqual(reply["error"]["name"], "AuthenticationError", name)

    def test_targets(self) -> None:
        """
        A rule for some minions is for no job that means others beside.
        """
        self.assertTrue(self.allowed("bob", "web-*", "pkg.version"))
        self.assertFalse(self.allowed("bob", "*", "pkg.version"))
        self.assertFalse(self.allowed("eve", "nobody*", "test.ping"))

    def test_minions_by_name(self) -> None:
        """
        Where others might match as well, the job goes to the allowed minions by name.
        """
        self.place.bench.facts.save("web-1", {"os": "Debian"}, {}, 1)
        for name in ("web-2", "db-1"):
            self.place.bench.facts.save(name, {"os": "Alma"}, {}, 1)
        self.assertTrue(self.allowed("eve", "os:Debian", "cmd.run", tgt_type="grain"))
        load = self.place.published[-1]["load"]
        self.assertEqual((load["tgt"], load["tgt_type"]), (["web-1"], "list"))

    def test_unknown_facts(self) -> None:
        """
        A rule by grain is for minions whose grains are known, not for those who might have them.
        """
        self.assertFalse(self.allowed("dan", "web-1", "test.ping"))
        self.place.bench.facts.save("web-1", {"role": "web"}, {}, 1)
        self.assertTrue(self.allowed("dan", "web-1", "test.ping"))

    def test_arguments(self) -> None:
        """
        Arguments are judged as the minion sorts them, keywords among them or not.
        """
        self.assertTrue(self.allowed("bob", "web-1", "cmd.run", arg=["uptime"]))
        for arg in ([], ["id"], ["cwd=/", "id"], [{"__kwarg__": True, "cmd": "uptime"}]):
            self.assertFalse(self.allowed("bob", "web-1", "cmd.run", arg=arg), arg)

    def test_several_functions(self) -> None:
        """
        Each function of a job must be allowed, in whichever form they are sent.
        """
        self.assertTrue(self.allowed("bob", "web-1", ["test.ping", "pkg.x"], arg=[[], []]))
        self.assertFalse(self.allowed("bob", "web-1", ["test.ping", "file.read"], arg=[[], []]))
        self.assertFalse(self.allowed("bob", "web-1", "test.ping,file.read"))

    def test_pillar(self) -> None:
        """
        Targets by pillar are exact: patterns would let users guess secrets.
        """
        self.place.bench.facts.save("web-1", {}, {"secret": "abc"}, 1)
        for tgt, tgt_type in (
            ("secret:a*", "pillar"), ("secret:a.c", "pillar_pcre"), ("secret:[a]bc", "pillar"),
            ("I@secret:a* and web-1", "compound"), ("web-1 or J@secret:.", "compound"),
            (["web-1 or J@secret:."], "compound"), (["db-1", "or", "I@secret:a*"], "compound"),
            ("webs or J@secret:.", "nodegroup"),
        ):  # fmt: skip
            reply = self.publish("bob", tgt, "test.ping", tgt_type=tgt_type)
            self.assertIn("error", str(reply), tgt)
            self.assertFalse(reply.get("load", {}).get("minions"), tgt)
        self.assertEqual(self.place.published, [])
        self.assertTrue(self.allowed("bob", "webs", "test.ping", tgt_type="nodegroup"))
        self.assertTrue(self.allowed("bob", "secret:abc", "test.ping", tgt_type="pillar"))

    def test_preview_by_pillar(self) -> None:
        """
        Who may only ask whom a target means does not learn from it what pillars hold; root does.
        """
        self.place.bench.facts.save("web-1", {}, {"secret": "abc"}, 1)

        def preview(user: str, key: str, tgt: str, tgt_type: str) -> Any:
            asked = {"tgt": tgt, "tgt_type": tgt_type}
            load = {"cmd": "runner", "fun": "target.preview", "direct": True, "kwarg": asked}
            return self.place.say({**load, "user": user, "key": key})["data"]

        for tgt, tgt_type in (
            ("secret:a*", "pillar"), ("secret:^a", "pillar_pcre"), ("J@secret:^a", "compound"),
        ):  # fmt: skip
            found = preview("cat", self.keys["cat"], tgt, tgt_type)
            self.assertFalse(found["success"], found)
            self.assertNotIn("web-1", str(found))
            found = preview("root", self.place.root_key, tgt, tgt_type)
            self.assertIn("web-1", found["return"]["minions"])
        found = preview("cat", self.keys["cat"], "secret:abc", "pillar")
        self.assertIn("web-1", found["return"]["minions"])

    def test_only_harmless_extras(self) -> None:
        """
        What changes how minions run a job, or for whom, is left out.
        """
        kwargs = {"module_executors": ["x"], "id": "db-1", "ret_config": "x", "metadata": {"a": 1}}
        self.assertTrue(self.allowed("bob", "web-1", "test.ping", kwargs=kwargs))
        load = self.place.published[-1]["load"]
        self.assertEqual(load["metadata"], {"a": 1})
        self.assertFalse({"module_executors", "id", "ret_config"} & set(load))

    def test_own_find_job(self) -> None:
        """
        Whether an own job still runs may be asked for without a rule, on its minions only.
        """
        jid = self.publish("eve", "web-*", "test.ping")["load"]["jid"]
        other = self.publish("bob", "*", "test.ping")["load"]["jid"]
        self.assertTrue(
            self.allowed("eve", ["web-1"], "saltutil.find_job", tgt_type="list", arg=[jid])
        )
        self.assertTrue(self.allowed("bob", "*", "saltutil.find_job", arg=[other]))
        self.assertFalse(self.allowed("bob", "*", "saltutil.find_job", arg=[jid]))
        self.assertFalse(self.allowed("bob", "*", "saltutil.find_job", arg=[]))
        self.assertFalse(self.allowed("eve", "*", "saltutil.find_job", arg=[jid]))

    def test_log(self) -> None:
        """
        The log says who was refused and why; the reply does not.
        """
        with self.assertLogs("txsalt.master.worker") as logs:
            reply = self.publish("bob", "db-1", "cmd.run", arg=["SECRET"])
        self.assertIn("bob may not run cmd.run", logs.output[0])
        self.assertNotIn("SECRET", logs.output[0])
        self.assertNotIn("cmd.run", repr(reply))


class OwnJobTests(AclCase):
    def direct(self, user: str, fun: str, **arguments: Any) -> Any:
        load = {"cmd": "runner", "fun": fun, "kwarg": arguments, "direct": True}
        return self.place.say({**load, "user": user, "key": self.keys[user]})

    def test_results(self) -> None:
        """
        A user sees the results of own jobs without a rule, and nobody else's.
        """
        jid = self.publish("eve", "web-1", "test.ping")["load"]["jid"]
        for fun in ("jobs.show", "jobs.returns"):
            self.assertTrue(self.direct("eve", fun, jid=jid)["data"]["success"], fun)
            self.assertIn("error", self.direct("dan", fun, jid=jid), fun)
        self.assertIn("error", self.direct("eve", "jobs.list_jobs"))
        self.assertTrue(self.direct("eve", "jobs.why", jid=jid, ids=["web-1"])["data"]["success"])
        for ids in (["web-1", "db-1"], "web-1", [["web-1"]]):
            self.assertIn("error", self.direct("eve", "jobs.why", jid=jid, ids=ids))

    def test_jobs_of_root(self) -> None:
        """
        Root's jobs are nobody else's, whatever the name.
        """
        jid = self.place.as_root("publish", tgt="*", fun="test.ping")["load"]["jid"]
        self.assertIn("error", self.direct("eve", "jobs.show", jid=jid))

    def test_rule(self) -> None:
        """
        With a rule about the module all its runners are allowed, and no wheel function.
        """
        self.assertTrue(self.direct("bob", "jobs.list_jobs")["data"]["success"])
        load = {"cmd": "wheel", "fun": "key.list_all", "user": "bob", "key": self.keys["bob"]}
        self.assertEqual(self.place.say(load)["error"]["name"], "AuthorizationError")

    def test_private(self) -> None:
        """
        Tokens and explanations are for who commands the master, whatever the rules.
        """
        for fun in ("token.create", "token.list", "acl.explain"):
            self.assertIn("error", self.direct("bob", fun))
        # The rule @jobs lets bob ask, and there is no such function for him.
        self.assertFalse(self.direct("bob", "jobs.delivery", jid="1")["data"]["success"])


class BlacklistTests(AclCase):
    options = {
        "publisher_acl": ACL,
        "publisher_acl_blacklist": {"users": ["eve"], "modules": ["test.exception", "cmd.*"]},
    }

    def test_even_root(self) -> None:
        """
        What the blacklist names nobody may do, root neither.
        """
        self.assertFalse(self.allowed("eve", "web-1", "test.ping"))
        self.assertFalse(self.allowed("bob", "web-1", "test.exception"))
        reply = self.place.as_root("publish", tgt="*", fun="cmd.run", arg=["id"])
        self.assertEqual(reply["error"]["name"], "AuthorizationError")


class SudoTests(AclCase):
    options = {"publisher_acl": ACL, "sudo_acl": True}

    def as_sudo(self, name: str, fun: str) -> bool:
        reply = self.place.as_root("publish", user=f"sudo_{name}", tgt="*", fun=fun)
        return "error" not in reply

    def test_sudo_acl(self) -> None:
        """
        With sudo_acl who comes by sudo has the own rules; root itself still has all.
        """
        self.assertTrue(self.as_sudo("bob", "test.ping"))
        self.assertFalse(self.as_sudo("bob", "file.read"))
        self.assertFalse(self.as_sudo("zed", "test.ping"))
        self.assertNotIn("error", self.place.as_root("publish", tgt="*", fun="file.read"))


class SaltUserTests(SynchronousTestCase):
    def test_named_in_a_rule(self) -> None:
        """
        The key of user salt is as good as root's, unless a rule grants that user less.
        """
        for acl, name in (({}, ""), ({"salt": ["test.ping"]}, "AuthorizationError")):
            place = Place(self, publisher_acl=acl)
            place.minion("m1")
            key = user_keys.ensure(place.config.cachedir, "salt")
            place.bench = place.new_worker()
            load = {"cmd": "publish", "tgt": "*", "fun": "cmd.run", "user": "salt", "key": key}
            self.assertEqual(place.say(load).get("error", {}).get("name", ""), name)
