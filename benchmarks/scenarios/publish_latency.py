"""From the request to publish until the last of many connections has the job."""

import time
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet, prefix
from benchmarks.processes import cpu_seconds

NAME = "publish latency"
_JOBS = 7
_GOAL = "150 ms to 5,000"


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure real connections, one for each minion; the job is for one of them, who is silent."""
    for count in (1000,) if size.quick else (1000, 5000):
        words = (*fleet(count), "--subscribe", "each", "--silent", "1")
        with house.answering(*words) as swarm:
            time.sleep(1)
            before = cpu_seconds(house.pids())
            sent = []
            first = prefix(count) + "0" * len(str(count - 1))
            for _ in range(_JOBS):
                sent += house.publisher.publish([house.new_jid()], first)
                time.sleep(0.4)
            used = cpu_seconds(house.pids()) - before
            heard = {job["jid"]: job for job in swarm.finish()["answer"]["jobs"]}
        for job in sent:
            copies = heard[job.jid]["copies"]
            assert copies == count, f"{copies} of {count} copies came"
            yield Seen(
                what=f"publish until the last of {count:,} has it",
                unit="ms",
                value=(heard[job.jid]["last_copy"] - job.asked) * 1000,
                more=False,
                goal=_GOAL,
            )
        yield Seen(
            what=f"master's CPU, a publish to {count:,}",
            unit="ms",
            value=used * 1000 / _JOBS,
            more=False,
        )
