"""Starting and stopping our daemons as an operator does: in the background, and with mistakes."""

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import psutil
from twisted.trial.unittest import SynchronousTestCase

from tests.integration.spine import SpineMaster
from tests.interop import account, processes
from tests.interop.harness import Daemon, TxMinion
from tests.interop.processes import Answer, wait_until, write_yaml


class StartCase(SynchronousTestCase):
    """Each test has daemons of its own, which end with it."""

    def setUp(self) -> None:
        self.master = self.kept(SpineMaster(auto_accept=True, pidfile="/m.pid", log_file="/m.log"))

    def kept(self, daemon: Any) -> Any:
        """A daemon that ends, and whose folder goes, with the test."""
        self.addCleanup(daemon.remove)
        self.addCleanup(daemon.kill)
        return daemon

    def twistd(
        self, plugin: str, daemon: Daemon, *words: str, before: tuple[str, ...] = ()
    ) -> Answer:
        """Run twistd to its end: the daemon's, or its way to the background."""
        house = account.house()
        argv = [house.python, str(house.scripts / "twistd"), *before, plugin]
        argv += ["--config-dir", str(daemon.config_dir), *words]
        return processes.tell(argv, stock=False, seconds=30, path=house.checkout)

    def refused(self, *words: str, before: tuple[str, ...] = ("--nodaemon",)) -> str:
        """What the master says when it does not start: no traceback, a code that is not 0."""
        answer = self.twistd("txsalt-master", self.master, *words, before=before)
        text = answer.stdout + answer.stderr
        self.assertNotEqual(answer.returncode, 0, text)
        self.assertNotIn("Traceback", text)
        return text

    def process(self, pidfile: Path) -> psutil.Process:
        """The process that a pid file names."""
        pid = wait_until(lambda: pidfile.exists() and pidfile.read_text().strip(), 10, "a pid file")
        process = psutil.Process(int(str(pid)))
        self.addCleanup(_end, process)
        return process


class BackgroundTests(StartCase):
    """twistd without --nodaemon."""

    def test_both(self) -> None:
        """
        Master and minion go to the background, log to their files, work, and end by their pid.
        """
        minion = self.kept(TxMinion(self.master, "web1"))
        files = {"pidfile": "/w.pid", "log_file": "/w.log", "log_level": "info"}
        _change(minion.config_dir / "minion", files)
        started = []
        for plugin, daemon, name in (
            ("txsalt-master", self.master, "m"),
            ("txsalt-minion", minion, "w"),
        ):
            answer = self.twistd(plugin, daemon, "--log-level", "info")
            self.assertEqual((answer.returncode, answer.stdout, answer.stderr), (0, "", ""))
            process = self.process(daemon.root / f"{name}.pid")
            started.append((daemon, name, process))
        wait_until(lambda: self._pings(), 30, "the minion answers")
        self.assertIn("[INFO] master is up", (self.master.root / "m.log").read_text())
        for daemon, name, process in reversed(started):
            family = [process, *process.children(recursive=True)]
            process.send_signal(signal.SIGTERM)
            _, alive = psutil.wait_procs(family, timeout=15)
            self.assertEqual(alive, [])
            self.assertFalse((daemon.root / f"{name}.pid").exists())
            log = (daemon.root / f"{name}.log").read_text()
            self.assertNotIn("Traceback", log)
            self.assertEqual((daemon.root / f"{name}.log").stat().st_mode & 0o007, 0)

    def _pings(self) -> bool:
        return self.master.cli("web1", "test.ping", "-t", "1").returncode == 0

    def test_stale_pid_file(self) -> None:
        """
        A pid file that was left by a killed daemon, and names another process now, is no hindrance.
        """
        (self.master.root / "m.pid").write_text(f"{os.getpid()}\n")
        answer = self.twistd("txsalt-master", self.master)
        self.assertEqual(answer.returncode, 0, str(answer))

        def anew() -> bool:
            return (self.master.root / "m.pid").read_text().strip() != str(os.getpid())

        wait_until(anew, 10, "a new pid file")
        self.process(self.master.root / "m.pid")

    def test_second(self) -> None:
        """
        A second one is refused on the terminal, before it goes to the background.
        """
        self.assertEqual(self.twistd("txsalt-master", self.master).returncode, 0)
        process = self.process(self.master.root / "m.pid")
        self.assertIn("another txsalt daemon works in", self.refused(before=()))
        self.assertTrue(process.is_running())
        self.assertEqual(int((self.master.root / "m.pid").read_text()), process.pid)

    def test_group_reaches_the_sockets(self) -> None:
        """
        The folder of the event bus lets the owner's group in, and nobody else.
        """
        self.assertEqual(self.twistd("txsalt-master", self.master).returncode, 0)
        self.process(self.master.root / "m.pid")
        bus = next(self.master.root.rglob("master_event_pub.ipc"))
        self.assertEqual(bus.parent.stat().st_mode & 0o777, 0o750)
        self.assertEqual(bus.stat().st_mode & 0o777, 0o660)


class MistakeTests(StartCase):
    """What an operator got wrong is said at once and in words."""

    def test_port_in_use(self) -> None:
        """
        A port that another program has is named on the terminal, in the background as well.
        """
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            _change(self.master.config_dir / "master", {"ret_port": port})
            for before in (("--nodaemon",), ()):
                text = self.refused(before=before)
                self.assertIn(f"127.0.0.1:{port}: Address already in use", text)
        # The terminal hears it first.
        wait_until(lambda: not (self.master.root / "m.pid").exists(), 10, "no pid file is left")

    def test_damaged_key(self) -> None:
        """
        A master key that is none is named on the terminal, in the background as well.
        """
        self.assertEqual(self.twistd("txsalt-master", self.master).returncode, 0)
        _end(self.process(self.master.root / "m.pid"))
        key = next(self.master.root.rglob("master.pem"))
        key.chmod(0o600)
        key.write_text("nothing")
        for before in (("--nodaemon",), ()):
            self.assertIn("master.pem", self.refused(before=before))

    def test_all_problems_at_once(self) -> None:
        """
        Everything wrong with a configuration is told together, each in a line of its own.
        """
        wrong = {"ret_port": "many", "worker_threads": 0, "interface": "nowhere at all"}
        _change(self.master.config_dir / "master", wrong)
        for before in (("--nodaemon",), ()):
            text = self.refused(before=before)
            for name in ("ret_port", "worker_threads"):
                self.assertIn(name, text)
            self.assertGreaterEqual(len(text.strip().splitlines()), 2, text)

    def test_unreadable(self) -> None:
        """
        A file that is no YAML is named with the line.
        """
        (self.master.config_dir / "master").write_text("interface: 127.0.0.1\nuser: [root\n")
        text = self.refused()
        self.assertIn(str(self.master.config_dir / "master"), text)
        self.assertRegex(text, r"line [23]")

    def test_unknown_option(self) -> None:
        """
        An option that nobody knows is a warning that names the nearest, and the master runs.
        """
        _change(self.master.config_dir / "master", {"worker_treads": 3})
        self.master.start()
        wait_until(lambda: "did you mean worker_threads?" in self.master.log(), 5, "a warning")
        self.master.stop()

    def test_words(self) -> None:
        """
        Wrong options on the command line are told as such.
        """
        self.assertIn("no log level", self.refused("--log-level", "loud"))
        self.assertIn("--colour", self.refused("--colour"))

    def test_log_level(self) -> None:
        """
        --log-level decides how much is said, over what the file says.
        """
        _change(self.master.config_dir / "master", {"log_level": "error"})
        argv = [*self.master.command(), "--log-level", "debug"]
        self.patch(self.master, "command", lambda: argv)
        self.master.start()
        wait_until(lambda: "[DEBUG]" in self.master.log(), 5, "a line of level debug")
        self.master.stop()

    def test_folders(self) -> None:
        """
        A folder that cannot be made is named.
        """
        (self.master.root / "file").write_text("")
        _change(self.master.config_dir / "master", {"cachedir": "/file/cache"})
        self.assertIn("file/cache", self.refused())

    def test_no_configuration(self) -> None:
        """
        The command line names the place where it looked for a running master.
        """
        answer = self.master.cli("*", "test.ping")
        self.assertNotIn("Traceback", answer.stderr)
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn(str(self.master.root), answer.stderr)


def _change(path: Path, options: dict[str, Any]) -> None:
    """Change options in a configuration file that the harness wrote."""
    write_yaml(path, {**json.loads(path.read_text()), **options})


def _end(process: psutil.Process) -> None:
    try:
        family = [process, *process.children(recursive=True)]
        for each in family:
            each.kill()
        psutil.wait_procs(family, timeout=5)
    except psutil.Error:
        pass
