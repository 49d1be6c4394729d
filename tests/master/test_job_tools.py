"""Tests of the runners behind ``txsalt-cli job`` and ``--preview-target``."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import NOW, Place
from txsalt.errors import BadLoad
from txsalt.jobs.batch_plan import Plan
from txsalt.master.store.batches import BatchFile
from txsalt.master.store.jobs import Job
from txsalt.master.worker.commands import job_records, targets, tools
from txsalt.master.worker.gatekeeper import Opened
from txsalt.master.worker.principals import LocalUser, Nobody
from txsalt.wire import serial
from txsalt.wire.job_loads import read_return

JID = "20260101000000000000"


class JobToolsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.bench = self.place.bench
        load = {"fun": "test.echo", "tgt": "*", "tgt_type": "glob", "user": "root", "arg": ["x"]}
        self.bench.jobs.save_job(Job(jid=JID, created=NOW, load=load, minions=["m1", "m2", "m3"]))

    def give(self, minion_id: str, value: Any, **fields: Any) -> None:
        load = {"return": value, "jid": JID, "fun": "test.echo", "retcode": 0, **fields}
        self.bench.jobs.save_return(read_return(load, minion_id), NOW + 1)

    def test_show_tells_who_has_returned(self) -> None:
        """
        A running job is shown with who is done, and how that went.
        """
        self.give("m2", "x", retcode=1)
        found = job_records.show(self.bench, {"jid": JID})
        self.assertEqual(found["outcomes"], {"m2": [NOW + 1, False]})
        self.assertEqual(found["minions"], ["m1", "m2", "m3"])
        self.assertEqual(found["load"]["arg"], ["x"])
        self.assertEqual(job_records.show(self.bench, {"jid": "20990101000000000000"}), {})

    def test_show_keeps_options_of_returners_to_itself(self) -> None:
        """
        A password that was given to a returner is not told to whoever looks at the job.
        """
        jid = "20260101000000000001"
        load = {"fun": "test.ping", "ret": "http", "ret_config": "x", "ret_kwargs": {"token": "t"}}
        self.bench.jobs.save_job(Job(jid=jid, created=NOW, load=load, minions=["m1"]))
        found = job_records.show(self.bench, {"jid": jid})
        self.assertEqual(found["load"], {"fun": "test.ping", "ret": "http"})
        self.assertEqual(found["withheld"], ["ret_config", "ret_kwargs"])

    def test_delivery_is_for_who_commands_the_master(self) -> None:
        """
        Only who may publish anything learns how results were to be delivered; nobody a password.
        """
        jid = "20260101000000000001"
        load = {"fun": "test.ping", "ret": "http", "ret_config": "x", "ret_kwargs": {"token": "t"}}
        self.bench.jobs.save_job(
            Job(jid=jid, created=NOW, load=load, minions=["m1"]), with_secrets=True
        )
        asked = {"fun": "jobs.delivery", "direct": True, "kwarg": {"jid": jid}}

        def reply(user: LocalUser, load: dict[str, Any]) -> Any:
            return tools.runner(
                self.bench, Opened(principal=user, cmd="runner", version=3, load=load)
            )

        root, eve = LocalUser(name="root", full=True), LocalUser(name="eve", full=False)
        self.assertEqual(reply(root, asked)["data"]["return"], {"ret_config": "x"})
        self.assertIn("error", reply(eve, asked))

    def test_returns_come_in_pages(self) -> None:
        """
        Large returns come one page after the other, complete and untouched.
        """
        big = b"\xff" * (3 * 1024 * 1024)
        for minion_id in ("m1", "m2", "m3"):
            self.give(minion_id, big)
        after, pages, got = "", 0, {}
        while after is not None:
            page = job_records.returns(self.bench, {"jid": JID, "after": after})
            got |= {each: serial.unpack_bin(packed)["return"] for each, packed in page["returns"]}
            after, pages = page["after"], pages + 1
        self.assertEqual(pages, 3)
        self.assertEqual(got, dict.fromkeys(("m1", "m2", "m3"), big))
        page = job_records.returns(self.bench, {"jid": JID, "ids": ["m2"]})
        self.assertEqual([each for each, _ in page["returns"]], ["m2"])

    def test_search_refuses_what_is_no_number(self) -> None:
        """
        A wrong argument is told, not guessed.
        """
        self.assertRaises(BadLoad, job_records.search, self.bench, {"since": "yesterday"})
        for limit in (float("inf"), float("nan")):
            self.assertRaises(BadLoad, job_records.search, self.bench, {"limit": limit})
        self.assertEqual([each["jid"] for each in job_records.search(self.bench, {})], [JID])

    def test_unfinished(self) -> None:
        """
        A job that not all have answered names those who have not.
        """
        self.give("m1", 1)
        (job,) = job_records.unfinished(self.bench, {"since": NOW - 1})
        self.assertEqual((job["jid"], job["waiting"], job["batch"]), (JID, ["m2", "m3"], ""))

    def test_part_of_a_batch(self) -> None:
        """
        A part says to which batch it belongs, in the list of jobs that run and on its own.
        """
        self.bench.batches.save(JID, Plan(size="1"), NOW)
        part = "20260101000000000001"
        job = Job(jid=part, created=NOW, load={"fun": "test.echo", "tgt": "m1"}, minions=["m1"])
        BatchFile(self.place.store_path).save_part(JID, job)
        found = {job["jid"]: job["batch"] for job in job_records.unfinished(self.bench, {})}
        self.assertEqual(found, {JID: "", part: JID})
        self.assertEqual(job_records.show(self.bench, {"jid": part})["batch"], JID)

    def test_direct_answers_are_for_local_users(self) -> None:
        """
        The answer of a tool is in the reply, without an event; strangers get none.
        """
        load = {"fun": "jobs.search", "direct": True, "kwarg": {"limit": 1}}
        user = LocalUser(name="root", full=True)
        opened = Opened(principal=user, cmd="runner", version=3, load=load)
        reply = tools.runner(self.bench, opened)
        self.assertTrue(reply["data"]["success"])
        self.assertEqual(reply["data"]["return"][0]["jid"], JID)
        self.assertEqual(self.place.event_frames, [])
        stranger = Opened(principal=Nobody(), cmd="runner", version=3, load=load)
        self.assertIn("error", tools.runner(self.bench, stranger))

    def test_preview_of_a_target(self) -> None:
        """
        A preview names who is meant, publishes nothing, and tells a target that is wrong.
        """
        found = targets.preview(self.bench, {"tgt": "a,b", "tgt_type": "list"})
        self.assertEqual((found["minions"], found["missing"]), ([], ["a", "b"]))
        self.place.minion("a")
        found = targets.preview(self.bench, {"tgt": "*"})
        self.assertEqual((found["connected"], found["facts"]), ({"a": "never"}, {"a": None}))
        self.assertEqual(found["guessed"], [])
        for tgt, guessed in (("a* and G@os:*", ["a"]), ("a* or G@os:*", [])):
            found = targets.preview(self.bench, {"tgt": tgt, "tgt_type": "compound"})
            self.assertEqual((found["minions"], found["guessed"]), (["a"], guessed), tgt)
        wrong = targets.preview(self.bench, {"tgt": "(", "tgt_type": "compound"})
        self.assertIn("at character 1", wrong["problem"])
        self.assertEqual(self.place.publication_frames, [])
