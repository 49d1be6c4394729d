"""Jobs that do what no job should, in the real pool and the real zygote: only they suffer."""

import os
import signal
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import TestCase

from tests.sockets.support import until
from txsalt.minion.daemon.job_runner import JobRunner, RunnerSettings
from txsalt.minion.daemon.zygote import Zygote
from txsalt.wire.job_loads import read_publication

MEMORY_MIB = 160

HOSTILE = '''
import os, signal, subprocess, sys, time

def prints():
    print("not a frame \\x00\\x00\\x00\\x05" * 1000)
    os.write(1, b"\\xff" * 100000)
    sys.stderr.write("noise")
    return "said"

def closes():
    os.closerange(3, 100)
    return "closed"

def scribbles():
    for fd in range(3, 100):
        try:
            os.write(fd, b"\\xff\\xff\\xff\\xff nonsense")
        except OSError:
            pass
    time.sleep(60)

def forks():
    for _ in range(3):
        os.fork()
    return "once"

def leaves(code):
    os._exit(code)

def raises_exit():
    sys.exit(3)

def aborts():
    os.abort()

def eats():
    held = []
    while True:
        held.append(bytearray(1 << 20))

def eats_by_command():
    code = "held = bytearray(1 << 30)"
    return subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE).returncode

def big():
    return "x" * (70 << 20)

def blocks(path):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    open(path, "w").close()
    while True:
        time.sleep(1)

def family(folder, dies=True):
    """Leave one that was adopted by init, deaf to TERM, in the group; and a grandchild."""
    if os.fork() == 0:
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _tell(folder, "daemon")
        os._exit(0)
    os.wait()
    inner = "echo $$ > %s/grandchild; sleep 60 & wait" % folder
    subprocess.Popen(["sh", "-c", "sh -c '%s' & wait" % inner])
    if not dies:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)

def _tell(folder, name):
    with open(folder + "/" + name, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(60)
    os._exit(0)

def leaves_behind(folder):
    if os.fork() == 0:
        _tell(folder, "behind")
    while not os.path.exists(folder + "/behind"):
        time.sleep(0.01)
    return "done"
'''


class HostileCase(TestCase):
    """A runner and its zygote."""

    timeout = 60

    def setUp(self) -> None:
        self.folder = str(Path(self.mktemp()).absolute())
        modules = Path(self.folder, "modules")
        modules.mkdir(parents=True)
        (modules / "hostile.py").write_text(HOSTILE)
        config = {
            "id": "m1",
            "module_dirs": [str(modules)],
            "cachedir": self.folder,
            "job_memory_max": MEMORY_MIB,
            "salt_modules": "off",
        }
        self.returns: dict[str, dict[str, Any]] = {}
        self.zygote = Zygote(reactor, config, lambda jid, name, arguments: succeed(True))
        settings = RunnerSettings(minion_id="m1", limit=4, grace=0.3, memory_mib=MEMORY_MIB)
        self.runner = JobRunner(reactor, self.zygote, settings, self.keep, lambda tag, data: None)
        self.runner.startService()
        self.numbers = iter(range(1, 1000))
        self.addCleanup(self.zygote.stop)
        self.addCleanup(self.runner.stopService)

    def keep(self, load: dict[str, Any]) -> None:
        self.returns[load["jid"]] = load

    def start(self, fun: str, *arg: Any, **fields: Any) -> str:
        jid = f"2026{next(self.numbers):016}"
        load = {"jid": jid, "fun": fun, "arg": list(arg), "tgt": "*", "ret": "", "user": "root"}
        self.runner.run(read_publication({**load, **fields}))
        return jid

    async def ended(self, jid: str) -> dict[str, Any]:
        await until(lambda: jid in self.returns)
        return self.returns[jid]

    async def run_job(self, fun: str, *arg: Any, **fields: Any) -> dict[str, Any]:
        return await self.ended(self.start(fun, *arg, **fields))

    async def works(self) -> None:
        """The next job is none the worse, in the same zygote."""
        self.assertIs((await self.run_job("test.ping"))["return"], True)

    def pid_in(self, name: str) -> Deferred[int]:
        path = Path(self.folder, name)
        told = until(lambda: path.exists() and bool(path.read_text().strip()))
        return told.addCallback(lambda _: int(path.read_text()))


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class HostileJobTests(HostileCase):
    """Each gives a return that says what happened."""

    async def test_results_that_survive(self) -> None:
        """
        Noise on every output and stray processes do not disturb a result.
        """
        for fun, value in (("prints", "said"), ("forks", "once")):
            load = await self.run_job(f"hostile.{fun}")
            self.assertEqual((load["return"], load["retcode"]), (value, 0), fun)
            await self.works()

    async def test_deaths(self) -> None:
        """
        A job that dies by itself says how.
        """
        for words, fun, *arg in (
            ("exit code 0, and no result", "leaves", 0),
            ("exit code 7", "leaves", 7),
            ("SIGABRT; its memory is limited", "aborts"),
        ):
            load = await self.run_job(f"hostile.{fun}", *arg)
            self.assertIn(words, load["return"])
            self.assertEqual((load["retcode"], load["success"]), (1, False))
        await self.works()

    async def test_broken_pipe_to_us(self) -> None:
        """
        A job that closes or fills its way to the daemon loses its result, and only that.
        """
        self.assertIn("no result", (await self.run_job("hostile.closes"))["return"])
        load = await self.run_job("hostile.scribbles")
        self.assertIs(load["success"], False)
        await self.works()

    async def test_memory(self) -> None:
        """
        A job that wants more memory than it may have fails with these words; the limit also holds
        for its commands, and for a result that is too large to be sent.
        """
        load = await self.run_job("hostile.eats")
        self.assertIn("no more memory", load["return"])
        self.assertEqual(load["retcode"], 1)
        self.assertEqual((await self.run_job("hostile.eats_by_command"))["return"], 1)
        load = await self.run_job("hostile.big")
        self.assertIs(load["success"], False)
        self.assertIn("memory", load["return"])
        await self.works()

    async def test_blocked_signals(self) -> None:
        """
        A job that blocks all signals ends at its deadline, or when it is killed.
        """
        path = f"{self.folder}/up"
        jid = self.start("hostile.blocks", path)
        await until(lambda: os.path.exists(path))
        self.start("saltutil.kill_job", jid)
        self.assertIn("SIGKILL", (await self.ended(jid))["return"])
        load = await self.run_job("hostile.blocks", path, deadline=0.3)
        self.assertIn("time limit", load["return"])


class GroupTests(HostileCase):
    """What a job started goes with it."""

    async def family(self, *arg: Any, **fields: Any) -> tuple[str, list[int]]:
        """A job, and the pids of a grandchild and of one whose parents have gone."""
        jid = self.start("hostile.family", self.folder, *arg, **fields)
        return jid, [await self.pid_in("daemon"), await self.pid_in("grandchild")]

    async def gone(self, pids: list[int]) -> None:
        await until(lambda: not any(map(alive, pids)))

    async def test_kill_job(self) -> None:
        """
        kill_job ends all of them before the return comes.
        """
        jid, pids = await self.family()
        self.start("saltutil.kill_job", jid)
        self.assertIn("SIGKILL", (await self.ended(jid))["return"])
        await self.gone(pids)

    async def test_deadline(self) -> None:
        """
        The time limit ends all of them, also those that are deaf to TERM.
        """
        jid, pids = await self.family(deadline=1.0)
        load = await self.ended(jid)
        self.assertIn("time limit", load["return"])
        self.assertFalse(any(map(alive, pids)))

    async def test_stop(self) -> None:
        """
        The stop of the minion ends all of them.
        """
        for arg in ([], [False]):
            _, pids = await self.family(*arg)
            await self.runner.stopService()
            self.assertFalse(any(map(alive, pids)))
            for name in ("daemon", "grandchild"):
                os.unlink(f"{self.folder}/{name}")
            self.runner.startService()

    async def test_killed_zygote(self) -> None:
        """
        When the zygote is ended by whatever signal, all of them are.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            _, pids = await self.family()
            os.kill(self.zygote._current.child.pid, number)
            await self.gone(pids)
            for name in ("daemon", "grandchild"):
                os.unlink(f"{self.folder}/{name}")

    async def test_left_behind(self) -> None:
        """
        A job that ends by itself may leave a daemon; its return does not wait for it.
        """
        load = await self.run_job("hostile.leaves_behind", self.folder)
        self.assertEqual(load["return"], "done")
        pid = await self.pid_in("behind")
        self.assertTrue(alive(pid))
        os.kill(pid, signal.SIGKILL)
