"""What a master weighs: before anything was asked of it, and after a flood of returns."""

import time
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet
from benchmarks.processes import cpu_seconds, pss_mib

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
        before = cpu_seconds(pids)
        time.sleep(_SETTLE_SECONDS)
        share = (cpu_seconds(pids) - before) / _SETTLE_SECONDS
        yield Seen(what="master's CPU, idle", unit="% of a core", value=share * 100, more=False)
        total = count if fresh.is_ours else count // 4
        fresh.swarm("flood", *fleet(100), "--total", str(total), "--payload", "1000")
        time.sleep(_SETTLE_SECONDS)  # what is needed for a moment only does not count
        yield Seen(
            what="master, 5 workers, after a flood",
            unit="MiB PSS",
            value=pss_mib(fresh.pids()),
            more=False,
            goal="flat",
        )
