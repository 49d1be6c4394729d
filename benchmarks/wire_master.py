"""
The wire's end of a master, in this process: what a minion takes for a job is timed at its sockets.

Nothing is stored and nobody is asked, so a figure holds the minion's own time, the kernel's, and
about a millisecond of ours for each seal.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any  # results are any msgpack value

import zmq

from tests.fakes.small_master import SmallMaster
from txsalt.jobs import jid as jids

_START_SECONDS = 60.0
_TICK_MS = 100


class WireMaster:
    """
    Accepts every minion, publishes jobs and notes when their returns come.

    ``ret_port`` and ``name`` are what the harness's minions ask of a master.
    """

    name = "wire master"

    def __init__(self) -> None:
        """Bind both ports of loopback."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self.ret_port = self._router.bind_to_random_port("tcp://127.0.0.1")
        self._pub = self._context.socket(zmq.XPUB)
        self._pub.set(zmq.SNDHWM, 0)
        self._small = SmallMaster()
        self._small.publish_port = self._pub.bind_to_random_port("tcp://127.0.0.1")
        self._clock = jids.JidClock()
        self._returned: dict[str, float] = {}
        self._loads: dict[str, dict[str, Any]] = {}
        self._is_up = False

    def close(self) -> None:
        """Let go of the ports."""
        self._context.destroy(linger=0)

    def wait_up(self) -> None:
        """Wait until a minion has said that it is up and answers a job. Raises AssertionError."""
        self._serve(lambda: self._is_up, _START_SECONDS)
        self.run("test.ping", [])

    def run(self, fun: str, arg: list[Any], *, count: int = 1, seconds: float = 120) -> float:
        """Publish a job ``count`` times at once; return the seconds until all have returned."""
        return self.each(fun, arg, count=count, seconds=seconds)[-1]

    def each(
        self, fun: str, arg: list[Any], *, count: int, seconds: float = 120
    ) -> Sequence[float]:
        """Publish as ``run``; return the seconds until each return came, sorted."""
        wanted = [self._clock.make(datetime.now(UTC)) for _ in range(count)]
        frames = [self._small.publish(fun, arg, jid) for jid in wanted]
        begun = time.monotonic()
        for frame in frames:
            self._pub.send(frame)
        self._serve(lambda: all(jid in self._returned for jid in wanted), seconds)
        for jid in wanted:
            load = self._loads.pop(jid)
            assert load.get("success"), f"{fun} failed: {load}"
        return sorted(self._returned.pop(jid) - begun for jid in wanted)

    def _serve(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f"not within {seconds} s"
            if self._pub.poll(0):
                self._pub.recv()
            if self._router.poll(_TICK_MS):
                self._answer(self._router.recv_multipart())

    def _answer(self, parts: list[bytes]) -> None:
        now = time.monotonic()
        reply = self._small.reply(parts[-1])
        if reply is not None:
            self._router.send_multipart([*parts[:-1], reply])
        for load in self._small.loads:
            self._note(load, now)
        self._small.loads.clear()

    def _note(self, load: dict[str, Any], now: float) -> None:
        if load["cmd"] == "_return":
            self._returned.setdefault(load["jid"], now)
            self._loads[load["jid"]] = load
        elif str(load.get("tag", "")).endswith("/start"):
            self._is_up = True


def open_descriptors(pids: Sequence[int]) -> int:
    """Count the open descriptors of processes."""
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
