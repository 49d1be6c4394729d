"""
Start, watch and surely end the processes of a test run.

One run (one trial process) has one scratch folder and one keeper (see ``keeper``); everything that
it starts is registered there, so nothing outlives the run, even one that is killed.
"""

import atexit
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil
from attrs import frozen

from tests.interop import keeper

CHECKOUT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


class Run:
    """The scratch folder of this trial process and what was started in it."""

    def __init__(self) -> None:
        # Directly in /tmp: paths of ipc sockets end at 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="txi-", dir="/tmp"))
        # A master that is not root has to reach its own folder in it.
        self.folder.chmod(0o711)
        self.sessions: set[int] = set()
        self.environment = {
            **os.environ,
            keeper.MARK: str(self.folder),
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONWARNINGS": "ignore",
        }
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.interop.keeper", str(self.folder)],
            stdin=subprocess.PIPE,
            cwd=CHECKOUT,
            start_new_session=True,
            text=True,
        )
        self.interrupted = False
        # trial books a KeyboardInterrupt as one failed test and goes on; cases.py skips the rest.
        signal.signal(signal.SIGINT, self._interrupt)
        atexit.register(self._end)

    def scratch(self, name: str) -> Path:
        """Make a folder of its own for one daemon."""
        return Path(tempfile.mkdtemp(prefix=f"{name[:12]}-", dir=self.folder))

    def remember(self, session: int) -> None:
        """Let the keeper know of a process that leads a session of its own."""
        self.sessions.add(session)
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{session}\n")
        self._keeper.stdin.flush()

    def _interrupt(self, number: int, frame: object) -> None:
        self.interrupted = True
        raise KeyboardInterrupt

    def _end(self) -> None:
        keeper.sweep(str(self.folder), self.sessions)
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(timeout=30)


_run: Run | None = None


def run() -> Run:
    """The run of this process; made at the first call."""
    global _run
    if _run is None:
        _run = Run()
    return _run


def was_interrupted() -> bool:
    """Whether somebody pressed Ctrl-C."""
    return _run is not None and _run.interrupted


@frozen
class Answer:
    """What a tool said; ``data`` is its output as JSON (several maps as one), or None."""

    returncode: int
    stdout: str
    stderr: str
    data: Any  # whatever the tool printed


def tell(argv: Sequence[str], *, stock: bool, seconds: float = 90, path: Path = CHECKOUT) -> Answer:
    """
    Run a command line tool to its end; raises AssertionError with its output when it hangs.

    ``path`` is where our package is found.
    """
    environment = {**run().environment, "PYTHONPATH": str(path)}
    if stock:
        del environment["PYTHONPATH"]
    with subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=run().folder,
        start_new_session=True,
    ) as process:
        run().remember(process.pid)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"{argv} hung for {seconds} s:\n{out}\n{err}") from None
    return Answer(process.returncode, out, err, _as_json(out))


def wait_until(check: Callable[[], T | None], seconds: float, what: str) -> T:
    """Poll until ``check`` returns something true; return that. Raises AssertionError."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """
    Ports of 127.0.0.1 that are free now.

    Below the range from which the kernel takes ports of outgoing connections: a daemon that
    restarts must find its port free again.
    """
    found: set[int] = set()
    while len(found) < count:
        port = random.randint(15_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.add(port)
    return sorted(found)


def answers_tcp(port: int) -> bool:
    """Whether something listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Daemon:
    """One daemon in the foreground, in a scratch folder and a session of its own."""

    leaves_nothing = True  # whether stop() insists that all its processes end by themselves

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = run().scratch(name)
        self.config_dir = self.root / "etc"
        self.config_dir.mkdir()
        self.log_file = self.root / "log"
        self.console_file = self.root / "console"
        self._process: subprocess.Popen[bytes] | None = None
        self._sessions: set[int] = set()

    def command(self) -> list[str]:
        """The argv that runs the daemon in the foreground."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The environment that it is started with."""
        return run().environment

    def start(self) -> None:
        """Start the process; does not wait until it serves."""
        assert self._process is None, f"{self.name} runs already"
        with self.console_file.open("ab") as console:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=self.environment(),
                cwd=self.root,
                start_new_session=True,
            )
        self._sessions.add(self._process.pid)
        run().remember(self._process.pid)

    def check_alive(self) -> None:
        """Raise AssertionError with the end of the log if the daemon has ended."""
        assert self._process is not None, f"{self.name} was not started"
        status = self._process.poll()
        if status is not None:
            raise AssertionError(f"{self.name} ended with status {status}:\n{self.tail()}")

    def stop(self, seconds: float = 20) -> None:
        """Ask the daemon to end (SIGTERM), wait for it, and see that no process of it is left."""
        if self._process is None:
            return
        family = self._family()
        self._process.terminate()
        try:
            self._process.wait(seconds)
            psutil.wait_procs(family, timeout=3)
            left = [process for process in family if _lives(process)]
            stayed = [keeper.describe(process) for process in left]
        except subprocess.TimeoutExpired:
            stayed = [f"{self.name} itself, {seconds} s after SIGTERM"]
        self.kill(family)
        assert not (stayed and self.leaves_nothing), f"left behind: {stayed}\n{self.tail()}"

    def kill(self, family: Sequence[psutil.Process] = ()) -> None:
        """End all processes of the daemon with SIGKILL."""
        if self._process is None:
            return
        for process in {*family, *self._family()}:
            if _lives(process):
                process.kill()
        self._process.wait(10)
        self._process = None
        left = wait_until(
            lambda: not keeper.survivors(str(self.root), self._sessions), 10, "all processes gone"
        )
        assert left

    def restart(self) -> None:
        """Stop, then start on the same configuration and ports."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Delete the scratch folder."""
        if not os.environ.get("TXSALT_INTEROP_KEEP"):
            shutil.rmtree(self.root, ignore_errors=True)

    def log(self) -> str:
        """Everything it has logged, to its file and to its console."""
        texts = []
        for path in (self.log_file, self.console_file):
            if path.exists():
                texts.append(path.read_text(errors="replace"))
        return "\n".join(texts)

    def tail(self, count: int = 40) -> str:
        """The last lines of the log, for a message."""
        return "\n".join(self.log().splitlines()[-count:])

    def family(self) -> list[psutil.Process]:
        """Its processes, oldest first; it must run."""
        return sorted(self._family(), key=lambda each: (each.create_time(), each.pid))

    def _family(self) -> list[psutil.Process]:
        assert self._process is not None
        found = set(keeper.survivors(str(self.root), self._sessions))
        if _lives_pid(self._process.pid):
            leader = psutil.Process(self._process.pid)
            found |= {leader, *leader.children(recursive=True)}
        return list(found)


def write_yaml(path: Path, options: dict[str, Any]) -> None:
    """Write a configuration file; JSON is YAML."""
    path.write_text(json.dumps(options, indent=1) + "\n")


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _lives_pid(pid: int) -> bool:
    return psutil.pid_exists(pid) and _lives(psutil.Process(pid))


def _as_json(text: str) -> Any:
    """One document, or the union of the maps printed one after the other as returns arrive."""
    decoder = json.JSONDecoder()
    found: list[Any] = []
    rest = text.strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            return None
        found.append(value)
        rest = rest[end:].lstrip()
    if len(found) > 1 and all(isinstance(value, dict) for value in found):
        return {name: value for part in found for name, value in part.items()}
    return found[0] if len(found) == 1 else None
