"""
The houses that are compared, each with a master of its own on loopback: txsalt and lines of Salt.

The daemons are those of the interop harness, with what operators would set for a fleet: five
workers, quiet logs. Our own figures and theirs come from the same clients.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from benchmarks.publisher import Publisher
from tests.interop import environments
from tests.interop.harness import Minion, StockMaster, StockMinion, TxMaster, TxMinion
from tests.interop.processes import Answer, run, wait_until
from txsalt.jobs import jid as jids

LOG_LEVEL = "error"
SWARM_SECONDS = 900
_SWARM = "benchmarks.swarm"
COMMON = {
    "worker_threads": 5,
    "log_level": LOG_LEVEL,
    # A fleet of ten thousand on two processors must not be declared missing.
    "timeout": 60,
    "gather_job_timeout": 30,
    # Each minion's session ends once in this time, and what it sends then is refused until it has
    # signed in again: with a day, one of two floods of ten thousand would meet that.
    "publish_session": 10**8,
}


class _BenchStock(StockMaster):
    def __init__(self, line: str, options: dict[str, Any]) -> None:
        self._more = options
        super().__init__(line)

    def extra_options(self) -> dict[str, Any]:
        return {
            **super().extra_options(), **COMMON, "log_level_logfile": LOG_LEVEL, **self._more
        }  # fmt: skip

    def pids(self) -> list[int]:
        return [process.pid for process in self._family()]


class _BenchTx(TxMaster):
    def __init__(self, options: dict[str, Any]) -> None:
        self._more = options
        super().__init__()

    def extra_options(self) -> dict[str, Any]:
        return {**super().extra_options(), **COMMON, **self._more}

    def pids(self) -> list[int]:
        return [process.pid for process in self._family()]


@frozen
class Running:
    """A swarm in another process that answers jobs."""

    process: "subprocess.Popen[str]"

    def finish(self) -> dict[str, Any]:
        """Ask it to end and return its report."""
        self.process.terminate()
        out, err = self.process.communicate(timeout=60)
        return _report(out, err)


class House:
    """One master, and everything that may be done to it."""

    def __init__(self, name: str, options: dict[str, Any] | None = None) -> None:
        """``name`` is "txsalt" or a line of Salt; ``options`` are more of the master's."""
        self.name = name
        self.is_ours = name == "txsalt"
        more = options or {}
        self.master = _BenchTx(more) if self.is_ours else _BenchStock(name, more)
        self._publisher: Publisher | None = None
        self._clock = jids.JidClock()

    def __enter__(self) -> "House":
        try:
            self.master.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        try:
            self.master.kill()
        finally:
            self.master.remove()

    def pids(self) -> list[int]:
        """All processes of the master; a swarm that knows its folder is none."""
        return [pid for pid in self.master.pids() if not _is_swarm(pid)]

    def new_jid(self) -> str:
        """A job id that was not used."""
        return self._clock.make(datetime.now(UTC))

    @property
    def publisher(self) -> Publisher:
        """Publishes jobs on the request port, without a command line."""
        if self._publisher is None:
            key = self.master.root / "cache"
            path = next(iter(sorted(key.glob(".*_key"))))
            self._publisher = Publisher(self.master.ret_port, path.read_text().strip())
        return self._publisher

    def cli(self, *words: str, options: tuple[str, ...] = ()) -> tuple[float, Answer]:
        """Run the house's command line; return the seconds it took and what it said."""
        begun = time.monotonic()
        answer = self.master.say(*words, options=options, seconds=300)
        return time.monotonic() - begun, answer

    def swarm(self, mode: str, *words: str) -> dict[str, Any]:
        """Run the swarm to its end and return its report."""
        with self._swarm(mode, *words) as process:
            out, err = process.communicate(timeout=SWARM_SECONDS)
        return _report(out, err)

    @contextmanager
    def answering(self, *words: str) -> Iterator[Running]:
        """A swarm that is signed in, subscribed, and answers; ends with the block."""
        ready = run().folder / f"ready-{secrets.token_hex(4)}"
        more = (*words, "--duration", "3600", "--ready-file", str(ready))
        with self._swarm("answer", *more) as process:

            def is_ready() -> bool:
                assert process.poll() is None, f"the swarm ended: {process.communicate()[1]}"
                return ready.exists()

            try:
                wait_until(is_ready, SWARM_SECONDS, "the swarm is ready")
                yield Running(process)
            finally:
                if process.poll() is None:
                    process.kill()

    def minion(self, minion_id: str) -> Minion:
        """A real minion of this house, not started."""
        if self.is_ours:
            return TxMinion(self.master, minion_id)
        return StockMinion(self.name, self.master, minion_id)

    @contextmanager
    def _swarm(self, mode: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
        argv = [sys.executable, "-m", _SWARM, mode]
        argv += ["--port", str(self.master.ret_port), "--pki-dir", str(self.master.pki_dir)]
        with subprocess.Popen(
            [*argv, "--keep-keys", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
            env=run().environment,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()


def _is_swarm(pid: int) -> bool:
    try:
        return _SWARM.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def prefix(minions: int) -> str:
    """Return how the ids of a fleet begin; fleets of several sizes share a master."""
    return f"fleet{minions}-"


def fleet(minions: int) -> tuple[str, ...]:
    """Return the words that make a swarm a fleet of this size."""
    return ("--minions", str(minions), "--prefix", prefix(minions))


def title(name: str) -> str:
    """Return the name of a house with its version, for people."""
    if name == "txsalt":
        return name
    done = subprocess.run(
        [environments.command(name, "salt"), "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )
    return "Salt " + done.stdout.split()[1]


def _report(out: str, err: str) -> dict[str, Any]:
    try:
        found = json.loads(out)
    except ValueError:
        raise AssertionError(f"the swarm gave no report:\n{out}\n{err}") from None
    assert isinstance(found, dict)
    if found["not_accepted"]:
        raise AssertionError(f"{found['not_accepted']} did not get in: {found['sign_in']}")
    return found
