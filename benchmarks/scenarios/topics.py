"""A job for one of 5,000 minions that subscribe to topics, against one for all: master's CPU."""

import time
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet, prefix
from benchmarks.processes import cpu_seconds

NAME = "topics"
_JOBS = 100
_IDLE_SECONDS = 20  # longer than heartbeats are apart


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure on a master of its own, a stock one with zmq_filtering; only in the full run."""
    if size.quick:
        return
    count = 5000
    words = (*fleet(count), "--subscribe", "each", "--silent", "1", "--topics")
    options = {} if house.is_ours else {"zmq_filtering": True}
    with House(house.name, options) as filtering, filtering.answering(*words):
        idle = _idle_ms_a_second(filtering)
        one = _cpu_ms(filtering, idle, f"{prefix(count)}0000", "glob")
        # A grain target goes to everybody, and everybody decides.
        everyone = _cpu_ms(filtering, idle, "kernel:Linux", "grain")
    yield Seen(what="job by topic to one of 5,000, CPU", unit="ms", value=one, more=False)
    yield Seen(what="job by topic to all 5,000, CPU", unit="ms", value=everyone, more=False)
    if one > 0:
        yield Seen(
            what="CPU of a broadcast over that of one",
            unit="x",
            value=everyone / one,
            more=True,
            goal="100",
        )


def _idle_ms_a_second(house: House) -> float:
    """What 5,000 connections cost when nothing is sent: heartbeats."""
    before = cpu_seconds(house.pids())
    time.sleep(_IDLE_SECONDS)
    return (cpu_seconds(house.pids()) - before) * 1000 / _IDLE_SECONDS


def _cpu_ms(house: House, idle: float, tgt: str, kind: str) -> float:
    house.publisher.publish([house.new_jid()], tgt, kind)
    time.sleep(1)
    before, begun = cpu_seconds(house.pids()), time.monotonic()
    for _ in range(_JOBS):
        house.publisher.publish([house.new_jid()], tgt, kind)
    time.sleep(1)
    used = (cpu_seconds(house.pids()) - before) * 1000
    return (used - idle * (time.monotonic() - begun)) / _JOBS
