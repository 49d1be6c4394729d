"""Our daemons when processes are killed, at every place; nothing may be lost or left behind."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import zmq
from twisted.trial.unittest import SynchronousTestCase

from tests.integration.spine import SpineCase, SpineMaster, leader
from tests.interop import processes
from tests.interop.harness import Daemon, Fleet, TxMinion
from tests.interop.processes import wait_until, write_yaml
from tests.interop.watchers import has_tag
from txsalt.wire import envelope

PING = envelope.write_clear_request({"cmd": "ping"})


def gone(*family: psutil.Process, seconds: float = 10) -> list[psutil.Process]:
    """Those of the processes that still live after a while; zombies do not."""
    _, alive = psutil.wait_procs(family, timeout=seconds)
    return [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


class FaultTests(SpineCase):
    """Two minions and a master with two workers."""

    ids = ("web1", "web2")

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self._all_well)

    def _all_well(self) -> None:
        """Mend what a failed test left, so that the next one tells of its own matters."""
        for daemon in (self.master, *self.fleet.minions.values()):
            if daemon._process is None:
                daemon.start()
        self.master.cli("*", "saltutil.kill_all_jobs")

    @contextmanager
    def requests(self, count: int) -> Iterator["list[zmq.Socket[bytes]]"]:
        """Many local tools that have each sent one ping to the request port."""
        context = zmq.Context()
        try:
            found = [context.socket(zmq.REQ) for _ in range(count)]
            for tool in found:
                tool.set(zmq.LINGER, 0)
                tool.connect(f"tcp://127.0.0.1:{self.master.ret_port}")
                tool.send(PING)
            yield found
        finally:
            context.destroy(linger=0)

    def test_killed_worker(self) -> None:
        """
        Of the requests at a worker that is killed one is refused; all others are answered.
        """
        first, second = self.master.workers()
        for worker in (first, second):
            worker.suspend()
        with self.requests(20) as tools:
            # All have arrived when a further one has been queued behind them.
            wait_until(lambda: self._queued(20), 10, "the requests are in the master")
            first.kill()
            second.resume()
            replies = [tool.recv() if tool.poll(10_000) else b"" for tool in tools]
        answers = [type(envelope.read_reply(raw)) for raw in replies if raw]
        self.assertEqual(len(answers), 20, f"unanswered; {self.master.tail()}")
        refused = [raw for raw in replies if b"bad load" in raw]
        self.assertEqual(len(refused), 1, replies)
        self.assertIn(second, self.master.workers())
        self.assertIn("request of", self.master.log())
        self.answers()

    def test_replacement_is_quick(self) -> None:
        """
        When all workers are killed, requests wait until the first successor is there: no second.
        """
        for worker in self.master.workers():
            worker.kill()
        began = time.monotonic()
        with self.requests(1) as tools:
            answered = tools[0].poll(10_000)
        seconds = time.monotonic() - began
        print(f"\n[measured] worker replaced and serving after {seconds:.2f} s")
        self.assertTrue(answered)
        # Those that die young again and again are started ever later.
        self.assertLess(seconds, 3)

    def test_killed_template(self) -> None:
        """
        A kill -9 of the program that forks the workers stops the master's service for seconds.
        """
        template = self.master.template()
        family = template.children()
        template.kill()
        began = time.monotonic()
        self.answers()
        print(f"\n[measured] template replaced and serving after {time.monotonic() - began:.2f} s")
        self.assertEqual(gone(*family), [], "workers outlive their template")
        self.assertEqual(len(self.master.workers()), 2)

    def _queued(self, count: int) -> bool:
        # The kernel has taken over everything that was sent: nothing is unread at the port.
        port = self.master.ret_port
        connections = leader(self.master).net_connections("tcp")
        peers = [each for each in connections if each.laddr.port == port and each.raddr]
        return len(peers) >= count

    def test_killed_master(self) -> None:
        """
        After a kill -9 the master starts over what was left, and minions answer as before.
        Nobody signs in again: keys outlive the master.
        """
        family = leader(self.master).children(recursive=True)
        leader(self.master).kill()
        self.assertEqual(gone(*family), [], "workers outlive their master")
        self.assertTrue(list(self.master.sock_dir.glob("*.ipc")), "there are stale sockets")
        self.master.kill()
        self.master.start()
        with self.master.listening() as watcher:
            self.answers()
            # Longer than minions wait after a connection came back.
            self.assertEqual(self.master.cli("*", "test.sleep", "2").returncode, 0)
            auths = [data for tag, data in watcher.seen() if tag == "salt/auth"]
        self.assertEqual(auths, [])
        for minion_id in self.ids:
            self.assertNotIn("Traceback", self.minion(minion_id).log())

    def test_killed_minion(self) -> None:
        """
        A kill -9 of a minion ends its jobs too, and it starts again over what was left.
        """
        minion = self.minion("web1")
        self.master.cli("web1", "cmd.run", "sleep 300", "--async")
        self.master.cli("web1", "test.sleep", "300", "--async")

        def running() -> list[psutil.Process]:
            found = leader(minion).children(recursive=True)
            return found if any("300" in _words(each) for each in found) else []

        family = wait_until(running, 15, "the jobs run")
        wait_until(lambda: self._jobs("web1") == 2, 15, "both jobs run")
        family = leader(minion).children(recursive=True)
        leader(minion).kill()
        left = gone(*family)
        self.assertEqual([_words(each) for each in left], [], "orphans")
        minion.kill()
        minion.start()
        self.answers("web1")

    def _jobs(self, minion_id: str) -> int:
        """How many jobs have a process."""
        answer = self.master.cli(minion_id, "saltutil.running", "--out", "json")
        return len([job for job in answer.data[minion_id] if job["pid"]])

    def test_killed_zygote(self) -> None:
        """
        A kill -9 of the process that forks jobs costs the jobs in hand, which are returned failed.
        """
        minion = self.minion("web1")
        with self.master.listening() as watcher:
            jid = self.master.cli("web1", "test.sleep", "300", "--async").stdout.strip()
            wait_until(lambda: self._jobs("web1") == 1, 15, "the job runs")
            zygotes = [each for each in leader(minion).children() if "jobrunner" in _words(each)]
            family = [each for zygote in zygotes for each in zygote.children(recursive=True)]
            self.assertEqual(len(zygotes), 1, [_words(each) for each in leader(minion).children()])
            zygotes[0].kill()
            self.assertEqual(gone(*family), [], "the job outlives")
            _, ret = watcher.wait(has_tag(f"salt/job/{jid}/ret/web1"), 15)
        self.assertIs(ret["success"], False)
        self.assertTrue(ret["return"])
        self.assertEqual(self.master.cli("web1", "test.ping").returncode, 0)

    def test_killed_job(self) -> None:
        """
        A job that is killed from outside is returned as failed, with the reason.
        """
        with self.master.listening() as watcher:
            jid = self.master.cli("web1", "test.sleep", "300", "--async").stdout.strip()
            wait_until(lambda: self._jobs("web1") == 1, 15, "the job runs")
            answer = self.master.cli("web1", "saltutil.find_job", jid, "--out", "json")
            psutil.Process(answer.data["web1"]["pid"]).kill()
            _, ret = watcher.wait(has_tag(f"salt/job/{jid}/ret/web1"), 15)
        self.assertEqual((ret["success"], bool(ret["retcode"])), (False, True))
        self.assertIn("SIGKILL", str(ret["return"]))

    def test_return_while_the_master_is_down(self) -> None:
        """
        What a job returned while the master was down arrives after its start.
        """
        jid = self.master.cli("web1", "cmd.run", "sleep 4; echo late", "--async").stdout.strip()
        self.master.stop()
        outbox = self.minion("web1").root / "cache"
        wait_until(lambda: list(outbox.rglob("*.return")), 15, "the return is in the outbox")
        self.master.start()
        with self.master.listening() as watcher:
            _, ret = watcher.wait(has_tag(f"salt/job/{jid}/ret/web1"), 40)
        self.assertEqual(ret["return"], "late")
        wait_until(lambda: not list(outbox.rglob("*.return")), 10, "the outbox is empty")

    def test_signals(self) -> None:
        """
        SIGTERM and Ctrl-C end master and minion in seconds; no process, pid file or socket stays.
        """
        for daemon, number in (
            (self.minion("web2"), signal.SIGINT),
            (self.minion("web2"), signal.SIGTERM),
            (self.master, signal.SIGINT),
            (self.master, signal.SIGTERM),
        ):
            process = leader(daemon)
            family = [process, *process.children(recursive=True)]
            process.send_signal(number)
            self.assertEqual([_words(each) for each in gone(*family)], [], f"after {number}")
            status = daemon._process.wait(5) if daemon._process else None
            self.assertEqual(status, 0, daemon.tail())
            self.assertFalse((daemon.root / "pid").exists(), "a pid file stayed")
            daemon.kill()
            daemon.start()
        self.answers()
        self.assertNotIn("Traceback", self.master.log() + self.minion("web2").log())

    def test_second_start(self) -> None:
        """
        A second daemon over a live one is refused with a sentence, and the first goes on.
        """
        for daemon in (self.master, self.minion("web1")):
            argv = [word for word in daemon.command() if not word.startswith("--pidfile")]
            answer = processes.tell(argv, stock=False, seconds=20)
            text = answer.stdout + answer.stderr
            self.assertEqual(answer.returncode, 1, text)
            self.assertIn("another txsalt daemon works in", text)
            self.assertNotIn("Traceback", text)
            daemon.check_alive()
        self.answers("web1")


class StuckWorkerTests(SpineCase):
    """A master that gives its workers two seconds for a request."""

    ids = ("web1",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(SpineMaster(worker_time_max=2))
        fleet.add(TxMinion(fleet.master, "web1"))
        return fleet

    def test_stuck_workers(self) -> None:
        """
        Workers that are all stuck are replaced: the log says so, and minions answer again.
        """
        stuck = self.master.workers()
        for worker in stuck:
            worker.suspend()
        self.answers(seconds=60)
        self.assertEqual(gone(*stuck), [])
        self.assertIn("has not answered a request for 2 s", self.master.log())


class PortTests(SynchronousTestCase):
    """Ports that another program has."""

    def test_port_in_use(self) -> None:
        """
        A master whose port is taken says which, and ends with a code that is not 0.
        """
        for name in ("publish_port", "ret_port"):
            master = SpineMaster()
            self.addCleanup(master.remove)
            self.addCleanup(master.kill)
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", getattr(master, name)))
                taken.listen()
                answer = processes.tell(master.command(), stock=False, seconds=20)
            text = answer.stdout + answer.stderr
            self.assertNotEqual(answer.returncode, 0, text)
            self.assertIn(str(getattr(master, name)), text)
            self.assertIn("in use", text)
            self.assertNotIn("Traceback", text)
            self.assertEqual(_left(master), [], "processes stayed")

    def test_no_master(self) -> None:
        """
        A minion without a master waits for it and says so; it ends when asked to.
        """
        master = SpineMaster()
        minion = TxMinion(master, "web1")
        for daemon in (master, minion):
            self.addCleanup(daemon.remove)
            self.addCleanup(daemon.kill)
        path = minion.config_dir / "minion"
        quick = {"auth_timeout": 1, "auth_tries": 2}
        write_yaml(path, {**json.loads(path.read_text()), **quick})
        minion.start()
        wait_until(lambda: "does not answer" in minion.log(), 60, "the minion complains")
        minion.check_alive()
        minion.stop()


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _left(daemon: Daemon) -> list[str]:
    folder = os.fspath(daemon.root)
    return [_words(each) for each in psutil.process_iter() if folder in _words(each)]
