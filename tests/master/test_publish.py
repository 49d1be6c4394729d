"""Tests of publishing: whom, which id, in which order, and who may."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.full_disk import fill_disk
from tests.master.place import Place
from txsalt.master.store import user_keys


class PublishTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self, nodegroups={"webs": "L@web-1,web-2 or G@role:web"})
        for name in ("web-1", "web-2", "db-1"):
            self.place.minion(name)

    def publish(self, tgt: Any = "*", **fields: Any) -> dict[str, Any]:
        reply = self.place.as_root("publish", **{"tgt": tgt, "fun": "test.ping", **fields})
        self.assertEqual(reply["enc"], "clear")
        return reply["load"]

    def test_log(self) -> None:
        """
        A job is one line in the log: who, what and how many, but no arguments.
        """
        with self.assertLogs("txsalt.master.worker.commands.publishing", "INFO") as logged:
            jid = self.publish("web-*", arg=["secret"])["jid"]
        (line,) = logged.output
        self.assertIn(f"job {jid}: root runs test.ping (minions: 2)", line)

    def test_full_disk(self) -> None:
        """
        A user learns that the master's disk is full, and the log has a line instead of a bug.
        """
        fill_disk(self.place)
        with self.assertLogs("txsalt.master.worker", "ERROR") as logged:
            reply = self.place.as_root("publish", tgt="*", fun="test.ping", arg=["x" * 100_000])
        self.assertEqual(reply["error"]["name"], "StoreError")
        self.assertIn("disk is full", reply["error"]["message"])
        self.assertEqual(self.place.published, [])
        (line,) = logged.output
        self.assertIn("publish failed", line)
        self.assertNotIn("bug", line)

    def test_a_job(self) -> None:
        """
        A job is stored, announced and handed to the relay, and the reply says whom it means.
        """
        load = self.publish("web-*", arg=[1], kwargs={"metadata": {"a": 1}, "junk": 2})
        self.assertEqual(load["minions"], ["web-1", "web-2"])
        self.assertEqual(load["missing"], [])
        jid = load["jid"]
        job = self.place.bench.jobs.job(jid)
        self.assertEqual(job and job.minions, ["web-1", "web-2"])
        ((tag, data), (sent_tag, sent_data)) = self.place.events
        self.assertEqual(tag, f"salt/job/{jid}/new")
        self.assertEqual(
            data,
            {
                "jid": jid,
                "tgt_type": "glob",
                "tgt": "web-*",
                "user": "root",
                "fun": "test.ping",
                "arg": [1],
                "minions": ["web-1", "web-2"],
                "missing": [],
            },
        )
        (sent,) = self.place.published
        self.assertIsNone(sent["topics"])
        self.assertEqual(
            list(sent["load"]),
            ["fun", "arg", "tgt", "jid", "ret", "tgt_type", "metadata", "user"],
        )
        self.assertEqual((sent_tag, sent_data), (f"salt/job/{jid}/publish", sent["load"]))
        self.assertNotIn(self.place.root_key, repr(self.place.events + self.place.published))

    def test_options_of_returners(self) -> None:
        """
        A password for a returner reaches the minions, but neither the store nor the event bus.
        """
        jid = self.publish(kwargs={"ret_config": "x", "ret_kwargs": {"passwd": "s3cret"}})["jid"]
        self.assertEqual(self.place.published[0]["load"]["ret_kwargs"], {"passwd": "s3cret"})
        self.assertNotIn("s3cret", repr(self.place.events))
        job = self.place.bench.jobs.job(jid)
        self.assertEqual(job and job.load["ret_config"], "x")
        self.assertEqual(job and list(job.load["ret_kwargs"]), ["passwd"])
        self.assertNotIn("s3cret", repr(job and job.load))

    def test_list(self) -> None:
        """
        A list is sent as a list, and unknown ids are named.
        """
        load = self.publish("web-1, ghost", tgt_type="list")
        self.assertEqual((load["minions"], load["missing"]), (["web-1"], ["ghost"]))
        self.assertEqual(self.place.published[0]["load"]["tgt"], ["web-1", "ghost"])

    def test_a_few_names(self) -> None:
        """
        A few ids named one by one mean the same as if all ids had been looked through.
        """
        load = self.publish("web-2,ghost,web-1,web-2,", tgt_type="list")
        self.assertEqual((load["minions"], load["missing"]), (["web-1", "web-2"], ["ghost"]))
        self.assertEqual(self.publish("web-2")["minions"], ["web-2"])

    def test_nobody(self) -> None:
        """
        A target that means nobody publishes nothing and says so.
        """
        load = self.publish("ghost*")
        self.assertEqual((load["jid"], load["minions"]), (None, []))
        self.assertIn("ghost*", load["error"])
        self.assertEqual((self.place.published, self.place.events), ([], []))

    def test_facts(self) -> None:
        """
        A target by grain is expanded from what is known; a minion of unknown grains is expected.
        """
        save = self.place.bench.facts.save
        save("web-1", {"os": "Debian"}, {"role": "x"}, 1)
        save("web-2", {"os": "Alma"}, {"role": "y"}, 1)
        self.assertEqual(self.publish("os:deb*", tgt_type="grain")["minions"], ["db-1", "web-1"])
        self.assertEqual(
            self.publish("I@role:y and not db-1", tgt_type="compound")["minions"], ["web-2"]
        )

    def test_nodegroup(self) -> None:
        """
        A nodegroup is resolved before it leaves, as minions know none.
        """
        for tgt, tgt_type in (("webs", "nodegroup"), ("N@webs and web-1", "compound")):
            self.publish(tgt, tgt_type=tgt_type)
            load = self.place.published[-1]["load"]
            self.assertEqual(load["tgt_type"], "compound")
            self.assertNotIn("N@", load["tgt"])
        self.assertIn("ghosts", self.publish("ghosts", tgt_type="nodegroup")["error"])

    def test_given_jid(self) -> None:
        """
        A job id of the caller's own is used once; the second time is refused and says why.
        """
        self.assertEqual(self.publish(jid="20240101000000000001")["jid"], "20240101000000000001")
        again = self.publish(jid="20240101000000000001")
        self.assertIsNone(again["jid"])
        self.assertIn("20240101000000000001", again["error"])
        self.assertEqual(len(self.place.published), 1)

    def test_two_workers_at_the_same_moment(self) -> None:
        """
        Jobs of two workers at one moment get different ids.
        """
        one = self.publish()["jid"]
        self.place.bench = self.place.new_worker()
        self.assertNotEqual(self.publish()["jid"], one)

    def test_wrong_key(self) -> None:
        """
        Nobody publishes without a key.
        """
        load = {"cmd": "publish", "tgt": "*", "fun": "test.ping"}
        for extra in ({}, {"key": "x", "user": "root"}, {"key": "", "user": "root"}):
            self.assertEqual(
                self.place.say({**load, **extra}),
                {
                    "error": {
                        "name": "AuthenticationError",
                        "message": "Authentication error occurred.",
                    }
                },
            )
        self.assertEqual((self.place.published, self.place.events), ([], []))

    def test_own_key_without_rights(self) -> None:
        """
        A user with only an own key is known, but may not publish.
        """
        key = user_keys.ensure(self.place.config.cachedir, "bob")
        self.place.bench = self.place.new_worker()
        reply = self.place.say(
            {"cmd": "publish", "tgt": "*", "fun": "test.ping", "key": key, "user": "bob"}
        )
        self.assertEqual(reply["error"]["name"], "AuthorizationError")
        self.assertEqual(self.place.published, [])

    def test_broken_request(self) -> None:
        """
        A request with fields of a wrong type is refused, and publishes nothing.
        """
        for fields in (
            {"tgt": 5},
            {"tgt": ["a", 5]},
            {"fun": ""},
            {"arg": "x"},
            {"jid": "../x"},
            {"kwargs": []},
            {"tgt_type": 7},
        ):
            reply = self.place.as_root("publish", **{"tgt": "*", "fun": "test.ping", **fields})
            self.assertEqual(reply, "bad load", fields)
        self.assertEqual(self.place.published, [])


class FilteringTests(SynchronousTestCase):
    def test_topics(self) -> None:
        """
        With zmq_filtering a job for some ids says which; one by grains goes to everybody.
        """
        place = Place(self, zmq_filtering=True)
        place.minion("m1")
        place.as_root("publish", tgt="m*", fun="test.ping")
        place.as_root("publish", tgt="os:x", tgt_type="grain", fun="test.ping")
        self.assertEqual([each["topics"] for each in place.published], [["m1"], None])
