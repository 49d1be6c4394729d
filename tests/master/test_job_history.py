"""Tests of the runners about jobs that Salt's users know by name."""

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import NOW, Place
from txsalt.jobs.batch_plan import Plan
from txsalt.master.store import presence
from txsalt.master.store.batches import BatchFile
from txsalt.master.store.jobs import Job
from txsalt.protocol.presence import Sighting
from txsalt.wire.job_loads import read_return

PING, ECHO, PROBE, OLD = (f"2026010100000000000{number}" for number in range(4))


class JobHistoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        for jid, fun, age in (
            (OLD, "test.sleep", 100_000),
            (PING, "test.ping", 30),
            (ECHO, "test.echo", 20),
            (PROBE, "saltutil.find_job", 10),
        ):
            asked: dict[str, Any] = {
                "fun": fun,
                "tgt": "m*",
                "tgt_type": "glob",
                "user": "root",
                "arg": [],
            }
            job = Job(jid=jid, created=NOW - age, load=asked, minions=["m1", "m2", "m3"])
            self.place.bench.jobs.save_job(job)
        for minion_id, retcode in (("m1", 0), ("m2", 1)):
            load: dict[str, Any] = {
                "return": True,
                "jid": PING,
                "fun": "test.ping",
                "retcode": retcode,
            }
            self.place.bench.jobs.save_return(read_return(load, minion_id), NOW)
        up = [Sighting(id=each, up=True, since=1.0, heard=NOW) for each in ("m2", "m3")]
        presence.write(self.place.store_path, up, gone=[])

    def run_runner(self, fun: str, *arg: Any, **kwarg: Any) -> Any:
        reply = self.place.as_root(
            "runner", fun=fun, direct=True, kwarg={"arg": list(arg), "kwarg": kwarg}
        )
        self.assertTrue(reply["data"]["success"], reply)
        return reply["data"]["return"]

    def test_active(self) -> None:
        """
        Jobs are active as long as minions that are there have not returned; probes are none.
        """
        found = self.run_runner("jobs.active")
        self.assertEqual(set(found), {PING, ECHO})
        self.assertEqual(found[PING]["Running"], [{"m3": None}])
        self.assertEqual(found[PING]["Returned"], ["m1", "m2"])
        self.assertEqual(found[PING]["Function"], "test.ping")

    def test_active_batches(self) -> None:
        """
        Of a batch those are active who had their turn, and none once it is over. Its parts are no
        jobs of their own.
        """
        batches = self.place.bench.batches
        file = BatchFile(self.place.store_path)
        batches.save(PING, Plan(size="1"), NOW)
        self.assertEqual(set(self.run_runner("jobs.active")), {ECHO})
        job = self.place.bench.jobs.job(PING)
        assert job is not None
        file.save_part(PING, evolve(job, jid="20260101000000000099"))
        active = self.run_runner("jobs.active")
        self.assertEqual(set(active), {PING, ECHO})
        self.assertEqual(active[PING]["Running"], [{"m3": None}])
        file.save_progress(PING, {}, {"m3": "does not answer"})
        self.assertEqual(set(self.run_runner("jobs.active")), {ECHO})
        file.end(PING, {"state": "stopped", "not_started": ["m3"]})
        self.assertNotIn(PING, self.run_runner("jobs.active"))

    def test_one_job(self) -> None:
        """
        One job is shown with its results, and with who did well.
        """
        self.assertEqual(
            self.run_runner("jobs.exit_success", PING), dict(m1=True, m2=False, m3=False)
        )
        shown = self.run_runner("jobs.print_job", jid=PING)
        self.assertEqual(set(shown[PING]["Result"]), {"m1", "m2"})

    def test_unknown_job(self) -> None:
        """
        A job that is not stored is no job without results.
        """
        unknown = "20200101000000000000"
        self.assertIn("no job", self.run_runner("jobs.list_job", unknown)["Error"])
        self.assertIn("Error", self.run_runner("jobs.print_job", unknown)[unknown])
        self.assertEqual(self.run_runner("jobs.lookup_jid", unknown, missing=True), {})

    def test_returns(self) -> None:
        """
        What was returned, who has not; and the outputter that fits.
        """
        silent = "Minion did not return"
        self.assertEqual(self.run_runner("jobs.lookup_jid", PING), {"m1": True, "m2": True})
        found = self.run_runner("jobs.lookup_jid", PING, returned=False, missing=True)
        self.assertEqual(found, {"m3": silent})
        load = {"return": {}, "jid": ECHO, "fun": "state.sls", "retcode": 0, "out": "highstate"}
        self.place.bench.jobs.save_return(read_return(load, "m1"), NOW)
        found = self.run_runner("jobs.lookup_jid", ECHO, None, True, True)
        self.assertEqual(found["outputter"], "highstate")
        self.assertEqual(found["data"], {"m1": {}, "m2": silent, "m3": silent})

    def test_search(self) -> None:
        """
        Jobs are found by what Salt's users search for.
        """
        load = {"fun": "pkg.install", "tgt": ["a1", "a2"], "tgt_type": "list", "user": "ann",
                "arg": [], "metadata": {"ticket": 7}}  # fmt: skip
        jid = "20260101000000000009"
        self.place.bench.jobs.save_job(Job(jid=jid, created=NOW, load=load, minions=["a1"]))
        for wanted, search in (
            ([PING, ECHO], {"search_function": "test.ping,test.echo"}),
            ([OLD, PING, ECHO], {"search_function": ["test.*"]}),
            ([jid], {"search_target": "a2"}),
            ([jid], {"search_metadata": {"ticket": 7, "other": 1}}),
            ([], {"search_metadata": {"ticket": 8}}),
            ([OLD], {"end_time": NOW - 1000}),
            ([jid], {"start_time": NOW - 5}),
        ):
            self.assertEqual(list(self.run_runner("jobs.list_jobs", **search)), wanted, search)
        found = self.run_runner("jobs.list_jobs", search_target="a*")
        self.assertEqual(found[jid]["Metadata"], {"ticket": 7})
        self.assertEqual(list(self.run_runner("jobs.last_run", metadata={"ticket": 7})), [jid])
        probes = self.run_runner("jobs.list_jobs_filter", 9, filter_find_job=False)
        self.assertIn(PROBE, probes)

    def test_times(self) -> None:
        """
        A time may be written as the answers write it, in ISO 8601, or be a jid.
        """
        for text in ("2026, Jan 01 00:00:00.0", "2026, Jan 01", "2026-01-01T00:00", PING):
            found = self.run_runner("jobs.list_jobs", start_time=text, end_time="2040-01-01")
            self.assertIsInstance(found, dict)

    def test_wrong_calls(self) -> None:
        """
        Arguments that a runner does not take are refused with those that it takes.
        """
        for fun, arg, kwarg, said in (
            ("jobs.list_jobs", [], {"function": "x"}, "it takes ext_source, outputter, search_"),
            ("jobs.active", [True, 1], {}, "at most 1"),
            ("jobs.print_job", [], {}, "a jid is needed"),
            ("jobs.print_job", [PING], {"jid": PING}, "twice"),
            ("jobs.list_jobs", ["mysql"], {}, "own store"),
            ("jobs.list_jobs", [], {"start_time": "teatime"}, "no time"),
            ("jobs.list_jobs", [], {"search_function": {}}, ""),
            ("manage.down", [True], {}, "key delete"),
        ):
            inner = {"arg": arg, "kwarg": kwarg}
            reply = self.place.as_root("runner", fun=fun, direct=True, kwarg=inner)
            self.assertIn(said, str(reply["data"]["return"]))
            self.assertEqual(reply["data"]["success"], said == "", str(reply))

    def test_latest(self) -> None:
        """
        The latest jobs, newest last, and the last one of a kind.
        """
        self.assertEqual(list(self.run_runner("jobs.list_jobs_filter", 2)), [PING, ECHO])
        self.assertEqual(list(self.run_runner("jobs.last_run")), [ECHO])
        self.assertEqual(list(self.run_runner("jobs.last_run", function="*.ping")), [PING])
        self.assertEqual(self.run_runner("jobs.last_run", target="nobody"), False)
        wrong = self.place.as_root("runner", fun="jobs.list_jobs_filter", direct=True, kwarg={})
        self.assertFalse(wrong["data"]["success"])
