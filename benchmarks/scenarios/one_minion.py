"""One real minion: how long a job takes, how long twenty at once take, what it weighs idle."""

import statistics
import time
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House
from benchmarks.processes import by_kind, cpu_seconds, pss_mib
from tests.interop.harness import Minion
from tests.interop.watchers import Watcher, has_tag

NAME = "one minion"
_ID = "real"
_BURST = 20
_SETTLE_SECONDS = 5.0


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure from the publish request to the return on the master's event bus."""
    watcher = house.master.listen()
    minion = house.minion(_ID)
    try:
        minion.start()
        house.master.wait_key(_ID, "pre")
        house.master.change_key("accept", _ID, "accepted")
        watcher.wait(has_tag(f"salt/minion/{_ID}/start"), 60)
        time.sleep(_SETTLE_SECONDS)
        yield from _idle(minion, size)
        single = [_seconds(house, watcher, 1) for _ in range(5 * size.repeats)]
        yield Seen(
            what="job of one minion, request to return",
            unit="ms",
            value=statistics.median(single) * 1000,
            more=False,
        )
        before, jobs = cpu_seconds(_pids(minion), ended_children=True), 0
        for _ in range(size.repeats):
            jobs += _BURST
            yield Seen(
                what=f"{_BURST} jobs at once on one minion",
                unit="s",
                value=_seconds(house, watcher, _BURST),
                more=False,
            )
        if not size.quick:
            used = cpu_seconds(_pids(minion), ended_children=True) - before
            yield Seen(what="minion's CPU, a job", unit="ms", value=used / jobs * 1000, more=False)
    finally:
        watcher.close()
        minion.kill()
        minion.remove()
        (house.master.pki_dir / "minions" / _ID).unlink(missing_ok=True)


def _seconds(house: House, watcher: Watcher, jobs: int) -> float:
    jids = [house.new_jid() for _ in range(jobs)]
    begun = time.monotonic()
    house.publisher.publish(jids, _ID)
    for jid in jids:
        watcher.wait(has_tag(f"salt/job/{jid}/ret/{_ID}"), 60)
    return time.monotonic() - begun


def _pids(minion: Minion) -> list[int]:
    return [process.pid for process in minion._family()]


def _idle(minion: Minion, size: Size) -> Iterator[Seen]:
    pids = _pids(minion)
    before = cpu_seconds(pids)
    yield Seen(what="minion, idle", unit="MiB PSS", value=pss_mib(pids), more=False, goal="48 MiB")
    for kind, of_kind in by_kind(pids).items() if not size.quick else ():
        what = f"minion's {kind}, idle"
        yield Seen(what=what, unit="MiB PSS", value=pss_mib(of_kind), more=False)
    time.sleep(_SETTLE_SECONDS)
    share = (cpu_seconds(pids) - before) / _SETTLE_SECONDS
    yield Seen(what="minion's CPU, idle", unit="% of a core", value=share * 100, more=False)
