"""What a worker does with batches, and what is stored of them."""

from functools import partial
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from tests.pace import least_seconds
from txsalt.jobs.batch_plan import Plan
from txsalt.master.store import database
from txsalt.master.store.batches import BatchFile
from txsalt.master.store.jobs import Job
from txsalt.master.worker.commands import batches

JID, PART = "20260101000000000001", "20260101000000000002"
IDS = ["m1", "m2", "m3"]


class BatchCase(SynchronousTestCase):
    """Three minions."""

    def setUp(self) -> None:
        self.place = Place(self)
        self.minions = {minion_id: self.place.minion(minion_id) for minion_id in IDS}

    def publish(self, **plan: Any) -> Any:
        return self.place.as_root(
            "publish", tgt="*", fun="test.ping", arg=[], jid=JID, kwargs={"batch": plan}
        )

    def state(self) -> dict[str, Any]:
        return batches.state(self.place.bench, {"jid": JID})

    def part(self, *ids: str, jid: str = PART) -> Job:
        load = {"fun": "test.ping", "arg": [], "tgt": list(ids), "tgt_type": "list", "jid": jid}
        return Job(jid=jid, created=1.0, load=load, minions=list(ids))


class PublishTests(BatchCase):
    """The request to publish."""

    def test_handed_to_the_daemon(self) -> None:
        """
        A job with a plan is stored and told, and nothing leaves before the daemon says so.
        """
        reply = self.publish(size="1")
        self.assertEqual(reply["load"]["minions"], IDS)
        self.assertEqual(self.place.published, [])
        self.assertEqual(self.place.told_daemon[-1], {"kind": "batch", "jid": JID})
        self.assertEqual(self.place.tags, [f"salt/job/{JID}/new"])
        state = self.state()
        self.assertEqual((state["state"], state["waiting"]), ("running", IDS))

    def test_safe_limit(self) -> None:
        """
        With fewer minions than the limit the job goes out at once, and is no batch.
        """
        self.publish(size="1", safe_limit=4)
        self.assertEqual(len(self.place.published), 1)
        self.assertEqual(self.state(), {})

    def test_safe_limit_reached(self) -> None:
        """
        With as many minions as the limit the job is a batch, as with Salt.
        """
        self.publish(size="1", safe_limit=3)
        self.assertEqual(self.place.published, [])
        self.assertEqual(self.state()["total"], 3)

    def test_wrong_plan(self) -> None:
        """
        A plan that makes no sense is refused with the reason, and nothing is stored.
        """
        reply = self.publish(size="many")
        self.assertIn("'many'", reply["load"]["error"])
        self.assertIsNone(self.place.bench.jobs.job(JID))

    def test_stop(self) -> None:
        """
        Stopping is stored before the daemon hears of it, and is refused for what is no batch.
        """
        function = {"function": "saltutil.kill_job"}
        self.assertFalse(batches.stop(self.place.bench, {"jid": JID, **function}))
        self.publish(size="1")
        self.assertTrue(batches.stop(self.place.bench, {"jid": JID, **function}))
        self.assertEqual(self.place.told_daemon[-1]["kind"], "batch_stop")
        found = self.place.bench.batches.load(JID)
        assert found is not None
        self.assertTrue(found.plan.halted)


class StoreTests(BatchCase):
    """What outlives the master."""

    def setUp(self) -> None:
        super().setUp()
        self.publish(size="2", max_fail="1")
        self.file = BatchFile(self.place.store_path)
        self.file.save_part(JID, self.part("m1", "m2"))

    def answer(self, minion_id: str, retcode: int = 0) -> None:
        self.minions[minion_id].ask(
            "_return", jid=PART, id=minion_id, fun="test.ping", retcode=retcode,
            **{"return": "big" * 100},
        )  # fmt: skip

    def test_progress(self) -> None:
        """
        Returns of a part are found under the batch's jid, good and bad told apart.
        """
        self.answer("m1")
        self.answer("m2", retcode=1)
        well = self.file.save_progress(JID, {PART: ["m1", "m2"]}, {"m3": "does not answer"})
        self.assertEqual(well, {"m1": True, "m2": False})
        returns = self.place.bench.jobs.returns(JID)
        self.assertEqual(
            {each: load["jid"] for each, load in returns.items()}, {"m1": JID, "m2": JID}
        )
        found = self.file.load(JID)
        assert found is not None
        self.assertEqual(found.plan, Plan(size="2", max_fail="1"))
        self.assertEqual(found.parts, {PART: ["m1", "m2"]})
        self.assertEqual(found.returned_well, {"m1": True, "m2": False})
        self.assertEqual(found.missing, {"m3": "does not answer"})

    def test_many_are_told_at_once(self) -> None:
        """
        The state of a batch of 20,000 is told in a moment: whoever watches asks for it often.
        """
        jid, many = "20260101000000000003", [f"m{number}" for number in range(20_000)]
        self.place.bench.jobs.save_job(evolve(self.part(*many), jid=jid))
        self.place.bench.batches.save(jid, Plan(size="50%"), 1.0)
        self.file.save_part(jid, self.part(*many[:10_000], jid="20260101000000000004"))
        tell = partial(batches.state, self.place.bench, {"jid": jid})
        found = tell()
        self.assertLess(least_seconds(tell, 2.0), 2.0)
        self.assertEqual((len(found["running"]), found["waiting"]), (10_000, many[10_000:]))

    def test_returned_after_the_end(self) -> None:
        """
        Who was given up and returns after the end of its batch is found under the jid of the batch,
        and told there, as it is with a job in one piece.
        """
        self.answer("m1")
        missing = {"m2": "did not answer", "m3": "did not answer"}
        self.file.save_progress(JID, {PART: ["m1"]}, missing)
        self.assertEqual(self.file.end(JID, {"state": "done", "not_started": []}), {})
        self.answer("m2", retcode=1)
        self.assertEqual(set(self.place.bench.jobs.returns(JID)), {"m1", "m2"})
        self.assertIn(f"salt/job/{JID}/ret/m2", self.place.tags)
        self.assertEqual(set(self.state()["missing"]), {"m3"})

    def test_returned_unheard(self) -> None:
        """
        A return that was stored while the daemon took up the batch, and whose event it did not
        hear, is found at the end.
        """
        self.answer("m1")
        self.answer("m2")
        self.file.save_progress(JID, {PART: ["m1"]}, {})
        unheard = self.file.end(JID, {"state": "done", "not_started": []})
        self.assertEqual({each: load["jid"] for each, load in unheard.items()}, {"m2": JID})
        self.assertEqual(set(self.place.bench.jobs.returns(JID)), {"m1", "m2"})

    def test_returned_while_nobody_looked(self) -> None:
        """
        A return that was stored just before the master died is found when it starts again.
        """
        self.answer("m1")
        found = self.file.load(JID)
        assert found is not None
        self.assertEqual(found.returned_well, {"m1": True})
        self.assertIn("m1", self.place.bench.jobs.returns(JID))
        self.assertEqual(self.state()["running"], ["m2"])

    def test_ended(self) -> None:
        """
        A batch that has ended is not taken up again, and is pruned with its job.
        """
        self.assertEqual(self.file.running(), [JID])
        self.file.end(JID, {"state": "stopped", "not_started": ["m3"]})
        self.assertEqual(self.file.running(), [])
        self.assertEqual(self.state()["not_started"], ["m3"])
        connection = database.connect(self.place.store_path)
        self.addCleanup(connection.close)
        while database.prune(connection, self.place.clock() + 10):
            pass
        self.assertEqual(self.state(), {})

    def test_options_of_returners(self) -> None:
        """
        A batch keeps a password for a returner as long as it has parts to publish, and no longer.
        """
        jid = "20260101000000000009"
        options = {"ret_kwargs": {"passwd": "s3cret"}, "batch": {"size": "1"}}
        self.place.as_root("publish", tgt="*", fun="test.ping", arg=[], jid=jid, kwargs=options)
        stored = self.file.load(jid)
        part = evolve(stored.job, jid="20260101000000000010")
        self.assertEqual(part.load["ret_kwargs"], {"passwd": "s3cret"})
        self.file.save_part(jid, part)
        self.file.end(jid, {"state": "done", "not_started": []})
        for each in (jid, part.jid):
            job = self.place.bench.jobs.job(each)
            self.assertEqual(list(job.load["ret_kwargs"]), ["passwd"])
            self.assertNotIn("s3cret", repr(job.load))
