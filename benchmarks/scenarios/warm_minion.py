"""
One warm minion, timed at its sockets: a job alone, a hundred at once, and what it keeps of them.

The master of this scenario is ``benchmarks.wire_master``, the same for every house.
"""

import statistics
import threading
import time
from collections.abc import Iterator

from benchmarks.figures import OURS, Seen, Size
from benchmarks.houses import House
from benchmarks.processes import pss_mib
from benchmarks.wire_master import WireMaster, open_descriptors
from tests.interop.harness import Minion, StockMinion, TxMinion
from tests.interop.processes import wait_until

NAME = "warm minion"
_ID = "warm"
_BURST = 100
_AT_ONCE = 20
_SETTLE_SECONDS = 3.0
_LOOK_SECONDS = 0.1
_RETIRE_SECONDS = 8  # more than _SETTLE_SECONDS


class _LeanMinion(TxMinion):
    """Ours, quiet, as an operator runs it."""

    def extra_options(self) -> dict[str, object]:
        return {"log_level": "error", "zygote_idle_seconds": _RETIRE_SECONDS}


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure from the publication on the wire to the return on the wire; only in the full run."""
    if size.quick:
        return  # a stock minion takes minutes for it
    master = WireMaster()
    minion = _minion(house, master)
    try:
        minion.start()
        master.wait_up()
        time.sleep(_SETTLE_SECONDS)
        yield from _alone(master, size)
        yield from _burst(master, minion, size)
        yield from _many(house, master, minion, size)
        if house.name == OURS:
            yield from _retired(minion)
    finally:
        minion.kill()
        minion.remove()
        master.close()


def _minion(house: House, master: WireMaster) -> Minion:
    if house.name == OURS:
        return _LeanMinion(master, _ID)
    return StockMinion(house.name, master, _ID)


def _alone(master: WireMaster, size: Size) -> Iterator[Seen]:
    for fun, arg, goal in (("test.ping", [], "15 ms"), ("cmd.run", ["true"], "25 ms")):
        master.run(fun, arg)
        times = [master.run(fun, arg) * 1000 for _ in range(10 * size.repeats)]
        what = f"{fun} in a warm minion"
        yield Seen(
            what=f"{what}, p50", unit="ms", value=statistics.median(times), more=False, goal=goal
        )
        tenth = statistics.quantiles(times, n=10)[-1]
        yield Seen(what=f"{what}, p90", unit="ms", value=tenth, more=False)


def _burst(master: WireMaster, minion: Minion, size: Size) -> Iterator[Seen]:
    for _ in range(size.repeats):
        with _Peak(minion) as peak:
            seconds = master.run("test.ping", [], count=_BURST)
        what = f"{_BURST} jobs at once"
        yield Seen(what=what, unit="s", value=seconds, more=False, goal="1.5 s")
        yield Seen(what=f"{what}, peak", unit="MiB PSS", value=peak.mib, more=False, goal="120 MiB")


def _many(house: House, master: WireMaster, minion: Minion, size: Size) -> Iterator[Seen]:
    if house.name == OURS:
        stages = (300, 1000) if size.quick else (1000, 5000, 10_000)
    else:
        stages = (60,) if size.quick else (300,)  # at two a second
    done = 0
    for stage in stages:
        while done < stage:
            count = min(_AT_ONCE, stage - done)
            master.run("test.ping", [], count=count)
            done += count
        time.sleep(_SETTLE_SECONDS)
        yield from _kept(house, [each.pid for each in minion.family()], f"after {stage:,} jobs")


def _kept(house: House, pids: list[int], when: str) -> Iterator[Seen]:
    """Weigh an idle minion; of ours also the daemon and the zygote, which lives as long, alone."""
    parts = {"idle minion": (pids, "55 MiB, flat")}
    if house.name == OURS:
        parts |= {"its daemon": (pids[:1], "flat"), "its zygote": (pids[1:2], "flat")}
    for what, (some, goal) in parts.items():
        mib, count = pss_mib(some), open_descriptors(some)
        yield Seen(what=f"{what} {when}", unit="MiB PSS", value=mib, more=False, goal=goal)
        of_what = f"descriptors of {what.removeprefix('idle ')} {when}"
        yield Seen(what=of_what, unit="open", value=count, more=False, goal="flat")


def _retired(minion: Minion) -> Iterator[Seen]:
    wait_until(lambda: len(minion._family()) == 1, 3 * _RETIRE_SECONDS, "the zygote retires")
    yield Seen(
        what="idle minion, its zygote retired",
        unit="MiB PSS",
        value=pss_mib(process.pid for process in minion._family()),
        more=False,
        goal="42 MiB",
    )


class _Peak:
    """The most that a minion and its jobs weigh while the block runs."""

    def __init__(self, minion: Minion) -> None:
        self.mib = 0.0
        self._minion = minion
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            pids = [process.pid for process in self._minion._family()]
            self.mib = max(self.mib, pss_mib(pids))
