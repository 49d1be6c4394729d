"""Jobs in forked children, with real processes."""

import os
import signal
import tempfile

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import TestCase

from tests.sockets.support import until
from txsalt.errors import RequestTimedOut
from txsalt.minion.daemon.zygote import JobEnd, JobHandle, Zygote
from txsalt.minion.jobrunner.child import LONGEST_RESULT


def ok(value: object) -> dict:
    return {"return": value, "retcode": 0, "success": True}


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class ZygoteTestCase(TestCase):
    """One daemon's side, with jobs from ``tests.fakes.tiny_jobs``."""

    timeout = 40

    def setUp(self) -> None:
        self.calls: list[tuple[str, str, dict]] = []
        self.numbers = iter(range(100000))
        self.zygote = self.make()

    def make(self, **options: float) -> Zygote:
        zygote = Zygote(
            reactor,
            {"id": "web1"},
            self.called,
            arguments=["tests.fakes.tiny_jobs"],
            **options,
        )
        self.addCleanup(zygote.stop)
        return zygote

    def called(self, jid: str, name: str, arguments: dict) -> object:
        self.calls.append((jid, name, arguments))
        if name == "refuse":
            raise RequestTimedOut(5)
        if name == "break":
            raise ZeroDivisionError("in the daemon")
        return succeed(arguments)

    def start(self, fun: str, *arg: object, timeout: float | None = None) -> JobHandle:
        jid = f"2026{next(self.numbers):016}"
        return self.zygote.start(jid, {"fun": fun, "arg": list(arg)}, timeout)

    def run_job(self, fun: str, *arg: object, timeout: float | None = None) -> Deferred[JobEnd]:
        return self.start(fun, *arg, timeout=timeout).ended

    def zygote_pid(self) -> int:
        return self.zygote._current.child.pid

    def descendant(self) -> tuple[JobHandle, Deferred[int]]:
        """A job with a descendant in its group; fires with the latter's pid."""
        folder = tempfile.TemporaryDirectory(prefix="tx", dir="/tmp")
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "pid")
        job = self.start("family", path)
        told = until(lambda: os.path.exists(path))
        return job, told.addCallback(lambda _: int(open(path).read()))


class JobTests(ZygoteTestCase):
    """How a job can end."""

    async def test_result(self) -> None:
        """
        A job's return value comes back, with status 0 and the time it took.
        """
        end = await self.run_job("echo", {"ä": [1, None, b"\xff"], 7: 1.5})
        self.assertEqual(end.result, ok({"ä": [1, None, b"\xff"], 7: 1.5}))
        self.assertEqual(end.status, 0)
        self.assertTrue(0 < end.seconds < 30)

    async def test_facts(self) -> None:
        """
        A job sees the configuration, grains and pillar of its time.
        """
        self.zygote.set_facts({"os": "A"}, {"secret": 1})
        first = self.start("facts")
        self.zygote.set_facts({"os": "B"}, {})
        second = self.start("facts")
        config = {"id": "web1"}
        self.assertEqual(
            (await first.ended).result, ok([first.jid, config, {"os": "A"}, {"secret": 1}])
        )
        self.assertEqual((await second.ended).result, ok([second.jid, config, {"os": "B"}, {}]))

    async def test_group(self) -> None:
        """
        A job leads a process group of its own, and its pid is known.
        """
        job = self.start("own_group")
        end = await job.ended
        self.assertEqual(end.result, ok([job.pid, job.pid]))

    async def test_crash(self) -> None:
        """
        A segmentation fault ends that job and nothing else.
        """
        end = await self.run_job("crash")
        self.assertIsNone(end.result)
        self.assertEqual(os.waitstatus_to_exitcode(end.status), -signal.SIGSEGV)
        self.assertEqual((await self.run_job("echo", 1)).result, ok(1))

    async def test_exit(self) -> None:
        """
        A job that leaves by os._exit, also with code 0, has no result.
        """
        for code in (0, 3):
            end = await self.run_job("leave", code)
            self.assertEqual((end.result, os.waitstatus_to_exitcode(end.status)), (None, code))

    async def test_exception(self) -> None:
        """
        What escapes the executor ends the job with code 1.
        """
        end = await self.run_job("fail")
        self.assertEqual((end.result, os.waitstatus_to_exitcode(end.status)), (None, 1))

    async def test_resource_limit(self) -> None:
        """
        A job stopped by its CPU limit is reported with the signal.
        """
        end = await self.run_job("hog")
        self.assertIsNone(end.result)
        self.assertIn(os.waitstatus_to_exitcode(end.status), (-signal.SIGXCPU, -signal.SIGKILL))

    async def test_large_result(self) -> None:
        """
        A result of 50 MiB and one of exactly the limit pass; a larger one is refused in words.
        """
        end = await self.run_job("blob", 50 << 20)
        self.assertEqual(len(end.result["return"]), 50 << 20)
        end = await self.run_job("blob", LONGEST_RESULT)
        self.assertEqual(len(end.result["return"]), LONGEST_RESULT)
        end = await self.run_job("blob", LONGEST_RESULT + 5000)
        self.assertIn("bytes", end.result["return"])
        self.assertEqual(end.result["retcode"], 1)

    async def test_unsayable_result(self) -> None:
        """
        A value that cannot be sent is a failed job that says so.
        """
        end = await self.run_job("unsayable")
        self.assertEqual((end.result["success"], end.status), (False, 0))

    async def test_prints(self) -> None:
        """
        What a job and its commands print is logged, and never mixes with results.
        """
        lines: list[str] = []

        def observe(event: LogEvent) -> None:
            lines.append(event.get("line", ""))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        self.assertEqual((await self.run_job("speak")).result, ok(""))
        await until(lambda: {"to stdout", "to stderr", "from a command"} <= set(lines))

    async def test_daemon_left_behind(self) -> None:
        """
        A job that starts a daemon ends at once, and the daemon lives on.
        """
        end = await self.run_job("daemonize")
        pid = end.result["return"]
        self.assertTrue(alive(pid))
        self.assertLess(end.seconds, 20)
        os.kill(pid, signal.SIGKILL)

    async def test_fork_and_return(self) -> None:
        """
        A function that returns in two processes gives one result.
        """
        self.assertEqual((await self.run_job("fork_and_return")).result, ok("once"))

    async def test_thread_left_behind(self) -> None:
        """
        A thread that still runs does not hold up the end.
        """
        self.assertEqual((await self.run_job("leave_thread")).result, ok("done"))


class ControlTests(ZygoteTestCase):
    """Signals, time limits, calls."""

    async def test_kill_group(self) -> None:
        """
        A kill reaches the job's descendants too.
        """
        job, told = self.descendant()
        pid = await told
        job.signal(signal.SIGKILL)
        end = await job.ended
        self.assertEqual((end.result, os.waitstatus_to_exitcode(end.status)), (None, -9))
        await until(lambda: not alive(pid))
        job.signal(signal.SIGKILL)

    async def test_time_limit(self) -> None:
        """
        A job over its time is ended; others are not.
        """
        other = self.start("sleep", 0.5)
        end = await self.run_job("sleep", 60, timeout=0.1)
        self.assertEqual((end.result, os.waitstatus_to_exitcode(end.status)), (None, -15))
        self.assertEqual((await other.ended).result, ok(True))

    async def test_time_limit_of_the_stubborn(self) -> None:
        """
        A job over its time that is deaf to TERM is killed.
        """
        end = await self.run_job("stubborn", timeout=0.2)
        self.assertIn(os.waitstatus_to_exitcode(end.status), (-9, -15))

    async def test_calls(self) -> None:
        """
        A job asks the daemon and gets a value or the reason of the refusal.
        """
        job = self.start("ask", "request", {"load": {"cmd": "x", "blob": b"\0" * 300_000}})
        end = await job.ended
        self.assertEqual(end.result, ok({"load": {"cmd": "x", "blob": b"\0" * 300_000}}))
        self.assertEqual(self.calls[0][:2], (job.jid, "request"))
        end = await self.run_job("ask", "refuse", {})
        self.assertEqual(end.result, ok("refused: no reply within 5 s"))
        end = await self.run_job("ask", "break", {})
        self.assertEqual(end.result, ok("refused: in the daemon"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_many(self) -> None:
        """
        Two hundred jobs, twenty at a time, leave no descriptor and no process behind.
        """
        await self.run_job("echo", 0)
        folder = f"/proc/{self.zygote_pid()}/fd"
        before = 10  # of them two for the child that waits for its job
        await until(lambda: len(os.listdir(folder)) == before)
        for start in range(0, 200, 20):
            jobs = [self.run_job("echo", start + n) for n in range(20)]
            for number, job in enumerate(jobs):
                self.assertEqual((await job).result, ok(start + number))
        await until(lambda: len(os.listdir(folder)) == before)
        self.assertEqual(self.zygote.running, [])

    async def test_descriptors(self) -> None:
        """
        A job has none of the descriptors of the zygote and of the jobs beside it.
        """
        others = [self.start("sleep", 60) for _ in range(3)]
        end = await self.run_job("descriptors")
        kinds = end.result["return"]
        self.assertEqual(kinds.count("socket"), 1, kinds)
        self.assertEqual(kinds.count("pipe"), 2, kinds)  # its stdout and stderr
        self.assertFalse([kind for kind in kinds if "anon_inode" in kind], kinds)
        for other in others:
            other.signal(signal.SIGKILL)
            await other.ended

    async def test_same_jid_twice(self) -> None:
        """
        A jid that runs is not started a second time.
        """
        first = self.zygote.start("20260101000000000001", {"fun": "sleep", "arg": [0.2]})
        second = self.zygote.start("20260101000000000001", {"fun": "sleep", "arg": [0.2]})
        self.assertEqual(self.successResultOf(second.ended).result, None)
        self.assertEqual((await first.ended).result, ok(True))


class LifeTests(ZygoteTestCase):
    """The life of the zygote itself."""

    async def test_on_demand(self) -> None:
        """
        No process before the first job; retired when idle; started again by the next job.
        """
        self.zygote = self.make(idle_seconds=0.02)
        self.assertIsNone(self.zygote._current)
        job = self.start("own_group")
        pid = self.zygote_pid()
        await job.ended
        await until(lambda: not alive(pid))
        self.assertEqual((await self.run_job("echo", 2)).result, ok(2))

    async def test_killed(self) -> None:
        """
        When the zygote is killed its jobs die and end without a result; the next job works.
        """
        job = self.start("sleep", 60)
        await until(lambda: job.pid is not None)
        os.kill(self.zygote_pid(), signal.SIGKILL)
        end = await job.ended
        self.assertEqual((end.result, end.status), (None, None))
        await until(lambda: not alive(job.pid))
        self.assertEqual((await self.run_job("echo", 2)).result, ok(2))

    async def test_killed_before_the_fork(self) -> None:
        """
        A job whose zygote died before it was forked runs in the next one.
        """
        job = self.start("echo", 5)
        os.kill(self.zygote_pid(), signal.SIGKILL)
        self.assertEqual((await job.ended).result, ok(5))

    async def test_cannot_start(self) -> None:
        """
        A zygote that always fails ends the job; nothing is tried for ever.
        """
        self.zygote = Zygote(reactor, {}, self.called, arguments=["nowhere"])
        self.addCleanup(self.zygote.stop)
        self.assertIsNone((await self.run_job("echo", 1)).result)

    async def test_end_of_daemon(self) -> None:
        """
        When the daemon's end of the pipe closes, all groups die and the zygote exits.
        """
        job, told = self.descendant()
        descendant = await told
        pid = self.zygote_pid()
        self.zygote._current.child.close_input()
        await job.ended
        await until(lambda: not (alive(pid) or alive(job.pid) or alive(descendant)))

    async def test_terminated(self) -> None:
        """
        A TERM to the zygote, as from a service manager, ends its jobs with their groups.
        """
        job, told = self.descendant()
        descendant = await told
        os.kill(self.zygote_pid(), signal.SIGTERM)
        self.assertIsNone((await job.ended).result)
        await until(lambda: not (alive(job.pid) or alive(descendant)))

    async def test_interrupted(self) -> None:
        """
        A Ctrl-C in the daemon's terminal does not reach the jobs.
        """
        job = self.start("sleep", 0.3)
        await until(lambda: job.pid is not None)
        os.kill(self.zygote_pid(), signal.SIGINT)
        self.assertEqual((await job.ended).result, ok(True))

    async def test_stop(self) -> None:
        """
        A stop ends jobs and zygote; later jobs end at once.
        """
        job = self.start("sleep", 60)
        await until(lambda: job.pid is not None)
        pid = self.zygote_pid()
        await self.zygote.stop()
        self.assertIsNone((await job.ended).result)
        self.assertFalse(alive(pid))
        self.assertIsNone((await self.run_job("echo", 1)).result)
        await self.zygote.stop()

    async def test_renew(self) -> None:
        """
        After a renewal new jobs have a new zygote, and running ones finish in the old.
        """
        old = self.start("sleep", 0.5)
        await until(lambda: old.pid is not None)
        before = self.zygote_pid()
        self.zygote.renew()
        self.assertEqual((await self.run_job("echo", 1)).result, ok(1))
        self.assertNotEqual(self.zygote_pid(), before)
        self.assertEqual((await old.ended).result, ok(True))
        await until(lambda: not alive(before))
