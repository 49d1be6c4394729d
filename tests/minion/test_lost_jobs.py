"""Every publication that is accepted ends in a return that says why."""

import errno
import os
import resource
from typing import Any, cast

from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.minion.test_job_runner import DONE, FakeZygote, RunnerCase
from tests.minion.test_zygote import ZygoteTestCase, ok
from tests.sockets.support import until
from txsalt.minion.daemon.job_runner import JobRunner, RunnerSettings
from txsalt.minion.daemon.zygote import JobEnd, JobHandle, Zygote
from txsalt.process.interfaces import IProcessReactor


class BrokenZygote(FakeZygote):
    """Starts nothing from a moment on: raises, or ends each job at once."""

    trouble: Exception | None = None
    ends_at_once = False

    def start(self, jid: str, load: dict[str, Any], timeout: float | None = None) -> JobHandle:
        if self.trouble is not None:
            raise self.trouble
        if self.ends_at_once:
            return JobHandle(jid, succeed(JobEnd(None, None, 0.0)))
        return super().start(jid, load, timeout)


class LostJobTests(RunnerCase):
    """Whatever goes wrong, who waits is told."""

    def setUp(self) -> None:
        super().setUp()
        self.zygote: BrokenZygote = BrokenZygote()
        self.runner = self.make(limit=2)

    def returned(self) -> list[str]:
        return [load["jid"] for load in self.returns]

    def test_start_raises(self) -> None:
        """
        A job that cannot be started for an unforeseen reason returns that reason; others run.
        """
        self.zygote.trouble = ValueError("embedded null byte")
        self.run_job("1")
        [load] = self.returns
        self.assertIn("embedded null byte", load["return"])
        self.assertEqual((load["retcode"], load["success"]), (1, False))
        self.zygote.trouble = None
        self.run_job("2")
        self.zygote.end("2")
        self.assertEqual(self.returned(), ["1", "2"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_nothing_starts_any_more(self) -> None:
        """
        When no process can be started, each of the thousand jobs that wait returns.
        """
        for jid in range(1000):
            self.run_job(str(jid))
        self.zygote.ends_at_once = True
        self.zygote.end("0", None)
        self.zygote.end("1", None)
        self.assertEqual(len(self.returns), 1000)
        self.assertEqual(self.runner.records(), [])

    def test_nonsense_beside_the_result(self) -> None:
        """
        A result whose events are none, or a returner that breaks, costs no return.
        """

        def broken(publication: dict[str, Any], load: dict[str, Any]) -> None:
            raise ZeroDivisionError

        self.runner = JobRunner(
            Clock(),
            self.zygote,
            RunnerSettings(minion_id="m1", limit=2),
            self.returns.append,
            lambda tag, data: self.events.append((tag, data)),
            to_returners=broken,
        )
        self.runner.startService()
        self.run_job("1")
        self.zygote.end("1", {**DONE, "events": 7})
        self.assertEqual(self.returned(), ["1"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError, TypeError)), 2)

    def test_start_event_that_cannot_be_sent(self) -> None:
        """
        A job whose start cannot be told to the master runs all the same.
        """

        def broken(tag: str, data: Any) -> None:
            raise ZeroDivisionError

        self.runner = JobRunner(
            Clock(),
            self.zygote,
            RunnerSettings(minion_id="m1", limit=2),
            self.returns.append,
            broken,
        )
        self.runner.startService()
        self.run_job("1", start_event=True)
        self.zygote.end("1")
        self.assertEqual(self.returns[0]["return"], True)
        self.flushLoggedErrors(ZeroDivisionError)


class NoProcesses(Clock):
    """A reactor of a machine that starts no process any more."""

    asked = 0

    def spawnProcess(self, *_: Any, **__: Any) -> None:
        self.asked += 1
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


class NoProcessTests(SynchronousTestCase):
    """The machine is out of processes or memory."""

    def test_no_process(self) -> None:
        """
        A job whose program cannot be started says why; the next one tries again.
        """
        reactor = NoProcesses()
        zygote = Zygote(cast(IProcessReactor, reactor), {}, lambda *_: None)
        for _ in range(2):
            end = self.successResultOf(zygote.start("1", {"fun": "test.ping"}).ended)
            result = end.result or {}
            self.assertIn("Resource temporarily unavailable", result["return"])
            self.assertFalse(result["success"])
        self.assertEqual(zygote.running, [])
        self.assertEqual(reactor.asked, 2)


class NoDescriptorTests(ZygoteTestCase):
    """The job program is out of descriptors."""

    async def test_out_of_descriptors(self) -> None:
        """
        A job program out of descriptors refuses the job and says why; jobs that run go on.
        """
        other = self.start("sleep", 0.5)
        await until(lambda: other.pid is not None)
        pid = self.zygote_pid()
        used = {int(each) for each in os.listdir(f"/proc/{pid}/fd")}
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        for room in range(4):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(used) + 1 + room, hard))
            jobs = [self.start("sleep", 0.1) for _ in range(20)]
            ends = [await job.ended for job in jobs]
            self.assertIn("Too many open files", str(ends[-1].result))
            self.assertNotIn(None, [end.result for end in ends])
        self.assertEqual((await other.ended).result, ok(True))
        self.assertEqual(self.zygote_pid(), pid)
