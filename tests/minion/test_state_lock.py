"""The lock of state runs, between real processes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext
from txsalt.jobs.errors import CommandExecutionError
from txsalt.minion.jobrunner.execute import run
from txsalt.minion.jobrunner.state_lock import NAME, StateRunRefused, held

HOLDER = """
import os, sys, time
from tests.modules.calls import FakeContext
from txsalt.minion.jobrunner.state_lock import held

with held("state.highstate", [], FakeContext({"cachedir": sys.argv[1]})):
    if "daemon" in sys.argv:
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)
    print("held", flush=True)
    sys.stdin.read()
"""
WAIT = [{"__kwarg__": True, "queue": True}]


def waited(check: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether it became true."""
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.01)
    return check()


class StateLockTests(SynchronousTestCase):
    """Two runs on one machine."""

    def setUp(self) -> None:
        self.folder = str(Path(self.mktemp()).absolute())
        self.context = FakeContext({"cachedir": self.folder})

    def other(self, *words: str) -> "subprocess.Popen[str]":
        """Another process that holds the lock until its input ends."""
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(HOLDER), self.folder, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(self.end, process)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "held\n")
        return process

    def end(self, process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def is_free(self) -> bool:
        try:
            with held("state.apply", [], self.context):
                return True
        except StateRunRefused:
            return False

    def test_refused(self) -> None:
        """
        A run that does not wait tells which one goes on; afterwards it works.
        """
        process = self.other()
        with self.assertRaises(StateRunRefused) as caught:
            held("state.apply", [], self.context).__enter__()
        [text] = caught.exception.verdict["return"]
        self.assertIn(f'"state.highstate" is running as PID {process.pid}', text)
        self.end(process)
        self.assertTrue(self.is_free())

    def test_waits(self) -> None:
        """
        A run that waits says for whom, and goes on when the other has ended.
        """
        process = self.other()

        def told(name: str, arguments: dict[str, Any]) -> object:
            if arguments["reason"]:
                self.assertIn(f"PID {process.pid}", arguments["reason"])
                assert process.stdin is not None
                process.stdin.close()
            reasons.append(arguments["reason"])
            return True

        reasons: list[str] = []
        self.patch(self.context, "call", told)
        with held("state.apply", WAIT, self.context):
            self.assertEqual(len(reasons), 2)
        self.assertEqual(reasons[1], "")

    def test_killed_holder(self) -> None:
        """
        A run that was killed holds nothing, and neither does a daemon that it left behind.
        """
        process = self.other("daemon")
        self.addCleanup(self.end_session, process.pid)
        os.kill(process.pid, signal.SIGKILL)
        self.assertTrue(waited(self.is_free))

    def end_session(self, leader: int) -> None:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            if self.folder.encode() in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)

    def test_left_file(self) -> None:
        """
        A file that stayed, with whatever in it, locks nobody out.
        """
        os.makedirs(self.folder)
        for text in ("", "\xff", "state.apply 1 20260101000000000000 1"):
            Path(self.folder, NAME).write_text(text)
            self.assertTrue(self.is_free())

    def test_other_functions(self) -> None:
        """
        What is no state run needs no lock, not even a folder for it.
        """
        with held("test.ping", [], self.context):
            self.assertFalse(os.path.exists(self.folder))

    def test_full_disk(self) -> None:
        """
        A disk that is full keeps no state run from its work, which may be to clear it.
        """
        full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, -1))\n"
        done = subprocess.run(
            [sys.executable, "-c", full + textwrap.dedent(HOLDER), self.folder],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        self.assertEqual((done.stdout, done.returncode), ("held\n", 0), done.stderr)

    def test_unusable_folder(self) -> None:
        """
        Where no lock can be held no state is run.
        """
        Path(self.folder).write_text("a file")
        with self.assertRaises(CommandExecutionError):
            held("state.apply", [], self.context).__enter__()

    def test_within_a_job(self) -> None:
        """
        A job's function is not called while another run goes on; its return says why.
        """
        modules = Path(self.mktemp()).absolute()
        modules.mkdir()
        (modules / "state.py").write_text("def apply(mods=None, **kwargs):\n    return 'applied'\n")
        self.context.config["module_dirs"] = [str(modules)]
        process = self.other()
        result = run({"fun": "state.apply", "arg": []}, self.context)
        self.assertEqual((result["retcode"], result["success"]), (1, False))
        self.assertIn(str(process.pid), result["return"][0])
        several = run({"fun": ["state.apply", "test.ping"], "arg": [[], []]}, self.context)
        self.assertEqual(several["retcode"], {"state.apply": 1, "test.ping": 0})
        self.assertIs(several["return"]["test.ping"], True)
        self.end(process)
        self.assertEqual(run({"fun": "state.apply", "arg": []}, self.context)["return"], "applied")
