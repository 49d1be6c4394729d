"""What a master weighs, and each of its processes: at rest, and with a flood of returns."""

import time
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet
from benchmarks.processes import by_kind, cpu_seconds, pss_mib

NAME = "memory"
_SETTLE_SECONDS = 5.0


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure a master of its own, started just now; PSS of all its processes."""
    count = 2000 if size.quick else 10_000
    with House(house.name) as fresh:
        time.sleep(_SETTLE_SECONDS)
        pids = fresh.pids()
        yield Seen(
            what="master, 5 workers, idle",
            unit="MiB PSS",
            value=pss_mib(pids),
            more=False,
            goal="100 MiB",
        )
        if not size.quick:
            yield from _weights(pids, "idle")
        before = cpu_seconds(pids)
        time.sleep(_SETTLE_SECONDS)
        share = (cpu_seconds(pids) - before) / _SETTLE_SECONDS
        yield Seen(what="master's CPU, idle", unit="% of a core", value=share * 100, more=False)
        total = count if fresh.is_ours else count // 4
        used = {kind: cpu_seconds(of_kind) for kind, of_kind in by_kind(pids).items()}
        fresh.swarm("flood", *fleet(100), "--total", str(total), "--payload", "1000")
        if not size.quick:
            yield from _costs(pids, used, total)
        time.sleep(_SETTLE_SECONDS)  # what is needed for a moment only does not count
        yield Seen(
            what="master, 5 workers, after a flood",
            unit="MiB PSS",
            value=pss_mib(fresh.pids()),
            more=False,
            goal="flat",
        )
        if not size.quick:
            yield from _weights(fresh.pids(), "after a flood")


def _weights(pids: list[int], when: str) -> Iterator[Seen]:
    for kind, of_kind in by_kind(pids).items():
        what = f"master's {kind}, {when}"
        yield Seen(what=what, unit="MiB PSS", value=pss_mib(of_kind), more=False)


def _costs(pids: list[int], used: dict[str, float], returns: int) -> Iterator[Seen]:
    """What each kind used for a return, with its share of a hundred sign-ins."""
    for kind, of_kind in by_kind(pids).items():
        seconds = cpu_seconds(of_kind) - used.get(kind, 0.0)
        what = f"master's {kind}, CPU a return"
        yield Seen(what=what, unit="ms", value=seconds / returns * 1000, more=False)
