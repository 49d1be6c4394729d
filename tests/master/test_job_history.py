"""Tests of the runners about jobs that Salt's users know by name."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import NOW, Place
from txsalt.master.store import presence
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

    def test_one_job(self) -> None:
        """
        One job is shown with its results, and with who did well.
        """
        self.assertEqual(self.run_runner("jobs.exit_success", PING), {"m1": True, "m2": False})
        shown = self.run_runner("jobs.print_job", jid=PING)
        self.assertEqual(set(shown[PING]["Result"]), {"m1", "m2"})

    def test_latest(self) -> None:
        """
        The latest jobs, newest last, and the last one of a kind.
        """
        self.assertEqual(list(self.run_runner("jobs.list_jobs_filter", 2)), [PING, ECHO])
        self.assertEqual(list(self.run_runner("jobs.last_run")), [ECHO])
        self.assertEqual(list(self.run_runner("jobs.last_run", function="*.ping")), [PING])
        self.assertEqual(self.run_runner("jobs.last_run", target="nobody"), {})
        wrong = self.place.as_root("runner", fun="jobs.list_jobs_filter", direct=True, kwarg={})
        self.assertFalse(wrong["data"]["success"])
