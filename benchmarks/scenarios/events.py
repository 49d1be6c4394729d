"""Events a second from minions to local subscribers: each subscriber must get every event."""

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet
from tests.interop.processes import CHECKOUT, run

NAME = "events"
_BATCH = 50


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure with 1, 10 (and 100) subscribers; events come in batches, as from beacons."""
    for readers in (1, 10) if size.quick else (1, 10, 100):
        for _ in range(size.repeats):
            yield Seen(
                what=f"events to {readers} subscriber{'s' if readers > 1 else ''}",
                unit="/s",
                value=_rate(house, readers, 5000 if house.is_ours else 2000),
                more=True,
            )


def _rate(house: House, readers: int, events: int) -> float:
    path = house.master.sock_dir / "master_event_pub.ipc"
    kind = "zmq" if house.is_ours else "stream"
    argv = [sys.executable, "-m", "benchmarks.event_readers", kind, str(path)]
    with subprocess.Popen(
        [*argv, str(readers), str(events)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env=run().environment,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            house.swarm(
                "flood", "--kind", "events", *fleet(20), "--batch", str(_BATCH),
                "--total", str(events // _BATCH), "--payload", "100",
            )  # fmt: skip
            found = json.loads(process.communicate(timeout=60)[0])
        finally:
            process.kill()
    missing = events * readers - found["seen"]
    assert not missing, f"{missing} of {events * readers} events did not come"
    return float(events / found["seconds"])
