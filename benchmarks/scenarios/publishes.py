"""Publishes a second: jobs accepted, stored, signed and sent."""

import time
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet, prefix

NAME = "publishes"


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure jobs for one minion of a hundred, four requests at once; each must be heard."""
    jobs = 400 if house.is_ours else 40
    with house.answering(*fleet(100), "--silent", "1") as swarm:
        for _ in range(size.repeats):
            jids = [house.new_jid() for _ in range(jobs)]
            begun = time.monotonic()
            house.publisher.publish(jids, f"{prefix(100)}00")
            rate = jobs / (time.monotonic() - begun)
            yield Seen(what="publishes", unit="/s", value=rate, more=True, goal="300/s")
        time.sleep(1)
        heard = swarm.finish()["answer"]["jobs_heard"]
        assert heard == jobs * size.repeats, f"{heard} of {jobs * size.repeats} jobs were heard"
