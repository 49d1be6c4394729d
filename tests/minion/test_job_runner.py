"""Tests of the job runner, and of what it answers itself."""

import signal
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.daemon.job_runner import JobRunner, RunnerSettings, pool_limit
from txsalt.minion.daemon.zygote import JobEnd, JobHandle
from txsalt.wire.job_loads import read_publication

DONE = {"return": True, "retcode": 0, "success": True}


class FakeZygote:
    """Starts nothing; the test ends the jobs."""

    def __init__(self) -> None:
        self.handles: dict[str, JobHandle] = {}
        self.signals: list[tuple[str, int]] = []
        self.timeouts: dict[str, float | None] = {}

    def start(self, jid: str, load: dict[str, Any], timeout: float | None = None) -> JobHandle:
        self.timeouts[jid] = timeout
        handle = JobHandle(jid, Deferred(), pid=4000 + len(self.handles), send_signal=self.note)
        self.handles[jid] = handle
        return handle

    def note(self, jid: str, number: int) -> None:
        self.signals.append((jid, int(number)))

    def end(self, jid: str, result: dict[str, Any] | None = DONE, status: int | None = 0) -> None:
        self.handles[jid].ended.callback(JobEnd(result, status, 0.5))


class RunnerCase(SynchronousTestCase):
    """A runner of two places, whose jobs end when the test says so."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.zygote = FakeZygote()
        self.returns: list[dict[str, Any]] = []
        self.events: list[tuple[str, Any]] = []
        self.runner = self.make(limit=2)

    def make(self, **changes: Any) -> JobRunner:
        runner = JobRunner(
            self.clock,
            self.zygote,
            RunnerSettings(minion_id="m1", **changes),
            self.returns.append,
            lambda tag, data: self.events.append((tag, data)),
        )
        runner.startService()
        return runner

    def run_job(self, jid: str, fun: object = "test.sleep", *arg: Any, **fields: Any) -> None:
        load = {"jid": jid, "fun": fun, "arg": list(arg), "tgt": "*", "ret": "", "user": "root"}
        self.runner.run(read_publication({**load, **fields}))

    def answer(self, fun: str, *arg: Any) -> Any:
        self.run_job("99", fun, *arg)
        self.assertEqual(self.returns[-1]["jid"], "99")
        return self.returns[-1]["return"]


class JobRunnerTests(RunnerCase):
    """Places, returns, signals, the stop."""

    def test_return(self) -> None:
        """
        A job's result goes to the returns with what the publication said.
        """
        self.run_job("1", "test.echo", "hi", metadata={"why": "test"})
        self.zygote.end("1", {"return": "hi", "retcode": 0, "success": True})
        [load] = self.returns
        self.assertEqual((load["cmd"], load["id"], load["jid"]), ("_return", "m1", "1"))
        self.assertEqual(
            (load["fun"], load["fun_args"], load["return"]), ("test.echo", ["hi"], "hi")
        )
        self.assertEqual(load["metadata"], {"why": "test"})
        self.assertEqual(load["_stamp"], "1970-01-01T00:00:00+00:00")

    def test_deadline_counts_from_the_arrival(self) -> None:
        """
        A job gets what is left of its deadline; one that waited too long does not start.
        """
        self.runner = self.make(limit=1, timeout=60)
        self.run_job("1", deadline=100)
        self.run_job("2", deadline=30)
        self.run_job("3", deadline=5)
        self.run_job("4", deadline="soon")
        self.clock.advance(10)
        for jid in ("1", "2", "4"):
            self.zygote.end(jid)
        self.assertEqual(self.zygote.timeouts, {"1": 60, "2": 20.0, "4": 60})
        late = next(load for load in self.returns if load["jid"] == "3")
        self.assertIn("did not start", late["return"])
        self.assertEqual(late["retcode"], 1)

    def test_queue(self) -> None:
        """
        No more jobs than allowed run at once; the others follow in their order.
        """
        for jid in "12345":
            self.run_job(jid)
        self.assertEqual(list(self.zygote.handles), ["1", "2"])
        self.zygote.end("2")
        self.assertEqual(list(self.zygote.handles), ["1", "2", "3"])
        self.zygote.end("1")
        self.zygote.end("3")
        self.assertEqual(list(self.zygote.handles), ["1", "2", "3", "4", "5"])
        self.assertEqual([load["jid"] for load in self.returns], ["2", "1", "3"])

    def test_users_in_turn(self) -> None:
        """
        Who publishes much keeps others waiting for one job, not for all; the positions show it.
        """
        self.runner = self.make(limit=1)
        for jid in ("1", "2", "3", "4"):
            self.run_job(jid, user="ann")
        self.run_job("5", user="bob")
        positions = {each["jid"]: each.get("position") for each in self.answer("saltutil.running")}
        self.assertEqual(positions, {"1": None, "2": 1, "5": 2, "3": 3, "4": 4})
        for jid in ("1", "2", "5", "3", "4"):
            self.zygote.end(jid)
        self.assertEqual(list(self.zygote.handles), ["1", "2", "5", "3", "4"])

    def test_pool_limit(self) -> None:
        """
        Without a configured limit the cores decide, and at least four jobs run at once.
        """
        self.assertEqual(pool_limit(7), 7)
        self.assertGreaterEqual(pool_limit(-1), 4)
        self.assertGreaterEqual(pool_limit(0), 4)

    def test_find_job(self) -> None:
        """
        find_job tells of jobs that run and that wait, even when the pool is full.
        """
        for jid in "123":
            self.run_job(jid, "test.sleep", 30)
        self.assertEqual(
            self.answer("saltutil.find_job", "1"),
            {
                "pid": 4000,
                "fun": "test.sleep",
                "arg": [30],
                "tgt": "*",
                "jid": "1",
                "ret": "",
                "tgt_type": "glob",
                "user": "root",
                "state": "running",
            },
        )
        waiting = self.answer("saltutil.find_job", "3")
        self.assertEqual(
            {name: waiting[name] for name in ("pid", "state", "position", "waits")},
            {"pid": 0, "state": "queued", "position": 1, "waits": "2 jobs run"},
        )
        self.assertEqual(self.answer("saltutil.find_job", "4"), {})
        self.assertEqual(
            self.answer("saltutil.find_job", {"jid": "2", "__kwarg__": True})["jid"], "2"
        )

    def test_fate(self) -> None:
        """
        Beside the answer to find_job the minion says more of the job than that it does not run.
        """
        for jid in "123":
            self.run_job(jid, "test.sleep", 30)
        self.zygote.end("1")
        self.clock.advance(7)
        found = []
        for jid in ("2", "3", "1", "5"):
            self.answer("saltutil.find_job", jid)
            found.append(self.returns[-1]["txsalt"])
        self.assertEqual(
            found,
            [
                {"state": "running", "seconds": 7.0},
                {"state": "running", "seconds": 7.0},
                {"state": "ended"},
                {"state": "unknown"},
            ],
        )
        self.run_job("6")
        self.answer("saltutil.find_job", "6")
        self.assertEqual(self.returns[-1]["txsalt"], {"state": "queued", "position": 1})

    def test_running(self) -> None:
        """
        running lists all jobs, is_running those whose function matches.
        """
        self.run_job("1", "test.sleep")
        self.run_job("2", ["cmd.run", "test.ping"], [], [])
        self.assertEqual([each["jid"] for each in self.answer("saltutil.running")], ["1", "2"])
        self.assertEqual([r["jid"] for r in self.answer("saltutil.is_running", "cmd.*")], ["2"])
        self.assertEqual(self.answer("saltutil.is_running", "state.*"), [])

    def test_signals(self) -> None:
        """
        A job can be signalled by its id; an unknown one gives an empty text.
        """
        self.run_job("1")
        self.assertEqual(
            self.answer("saltutil.signal_job", "1", 10), "Signal 10 sent to job 1 at pid 4000"
        )
        self.assertEqual(
            self.answer("saltutil.term_job", "1"), "Signal 15 sent to job 1 at pid 4000"
        )
        self.assertEqual(
            self.answer("saltutil.kill_all_jobs"), ["Signal 9 sent to job 1 at pid 4000"]
        )
        self.assertEqual(self.answer("saltutil.kill_job", "7"), "")
        self.assertEqual(self.zygote.signals, [("1", 10), ("1", 15), ("1", 9)])

    def test_killed_job(self) -> None:
        """
        The return of a killed job says by which signal it was ended.
        """
        self.run_job("1")
        self.answer("saltutil.kill_job", "1")
        self.zygote.end("1", None, signal.SIGKILL)
        self.assertIn("SIGKILL", self.returns[-1]["return"])
        self.assertIs(self.returns[-1]["success"], False)

    def test_killed_before_it_starts(self) -> None:
        """
        A job that still waits never starts once it was killed, and its return says so.
        """
        self.runner = self.make(limit=1)
        self.run_job("1")
        self.run_job("2")
        self.answer("saltutil.kill_job", "2")
        self.zygote.end("1")
        self.assertEqual(list(self.zygote.handles), ["1"])
        self.assertEqual([load["jid"] for load in self.returns], ["2", "99", "1"])

    def test_wrong_arguments(self) -> None:
        """
        Wrong arguments are answered as those of any function.
        """
        for arg in ([], ["1", "2", "3"], [{"who": 1, "__kwarg__": True}]):
            self.run_job("98", "saltutil.find_job", *arg)
            self.assertEqual(self.returns[-1]["retcode"], 1)
        self.run_job("98", "saltutil.signal_job", "1", "loud")
        self.assertIn("is no signal", self.returns[-1]["return"])

    def test_died(self) -> None:
        """
        A job that ended without a result is returned with what is known about its end.
        """
        ends = [(signal.SIGSEGV, "SIGSEGV"), (3 << 8, "exit code 3"), (None, "the job with it")]
        for number, (status, words) in enumerate(ends):
            self.run_job(str(number))
            self.zygote.end(str(number), None, status)
            self.assertIn(words, self.returns[-1]["return"])
            self.assertEqual(self.returns[-1]["retcode"], 1)

    def test_timeout(self) -> None:
        """
        A job that was ended for its time limit says so.
        """
        self.runner = self.make(limit=1, timeout=0.5)
        self.run_job("1")
        self.zygote.end("1", None, signal.SIGTERM)
        self.assertIn("time limit", self.returns[-1]["return"])

    def test_events(self) -> None:
        """
        Events of a result go to the master, and a job that asks for it announces its start.
        """
        self.run_job("1", start_event=True)
        self.assertEqual(self.events[0][0], "salt/job/1/start/m1")
        self.assertEqual(self.events[0][1]["fun"], "test.sleep")
        self.zygote.end("1", {**DONE, "events": [{"tag": "_salt_error", "data": {"a": 1}}]})
        self.assertEqual(self.events[1], ("_salt_error", {"a": 1}))

    def test_stop(self) -> None:
        """
        On stop no job starts, those that run get their time, then TERM, then KILL.
        """
        self.runner = self.make(limit=1, grace=5)
        self.run_job("1")
        self.run_job("2")
        stopped = self.runner.stopService()
        self.assertIn("stopped before", self.returns[0]["return"])
        self.run_job("3")
        self.clock.advance(4.9)
        self.assertEqual(self.zygote.signals, [])
        self.clock.advance(0.1)
        self.clock.advance(5)
        self.assertEqual(self.zygote.signals, [("1", 15), ("1", 9)])
        self.assertNoResult(stopped)
        self.zygote.end("1", None, signal.SIGKILL)
        self.successResultOf(stopped)
        self.assertEqual(list(self.zygote.handles), ["1"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_killed_by_nobody(self) -> None:
        """
        A job that the kernel ended tells that nobody asked for it, and what may be the reason.
        """
        self.runner = self.make(limit=2, memory_mib=200)
        self.run_job("1")
        self.zygote.end("1", None, signal.SIGKILL)
        self.assertIn("no memory left", self.returns[-1]["return"])
        self.run_job("2")
        self.zygote.end("2", None, signal.SIGABRT)
        self.assertIn("limited to 200 MiB (job_memory_max)", self.returns[-1]["return"])

    def test_own_job(self) -> None:
        """
        A job that nobody published gives its result to who started it, and returns nothing.
        """
        results: list[dict[str, Any]] = []
        self.runner.run_own("5", "mine.update", results.append)
        self.zygote.end("5")
        self.assertEqual((results, self.returns), ([DONE], []))
