"""
A job for one of 5,000 minions that subscribe to topics, against one for all: master's CPU.

All are published over one connection, each when the one before has left: a master that is busy
with a broadcast would send the next ones together with it. A job for a minion that is away costs
all that a job costs but its sending.
"""

import time
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet, prefix
from benchmarks.processes import thread_seconds
from benchmarks.publisher import Line

NAME = "topics"
_MINIONS = 5000
_JOBS = 300
_BROADCASTS = 50
# Seconds until what was accepted has left.
_REST, _BROADCAST_REST = 0.01, 0.1
_IDLE_SECONDS = 20  # longer than heartbeats are apart
_AWAY = "fleet-away-"


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure on a master of its own, a stock one with zmq_filtering; only in the full run."""
    if size.quick:
        return
    words = (*fleet(_MINIONS), "--subscribe", "each", "--silent", "1", "--topics")
    options = {} if house.is_ours else {"zmq_filtering": True}
    with House(house.name, options) as filtering, filtering.answering(*words):
        filtering.swarm("sign-in", "--minions", "1", "--prefix", _AWAY)
        idle = _idle_ms_a_second(filtering)
        with filtering.publisher.line() as line:
            nobody = _cpu_ms(filtering, line, idle, f"{_AWAY}0", "glob")
            one = _cpu_ms(filtering, line, idle, f"{prefix(_MINIONS)}0000", "glob")
            # A grain target goes to everybody, and everybody decides.
            everyone = _cpu_ms(filtering, line, idle, "kernel:Linux", "grain")
    for what, value in (
        ("job for a minion that is away, CPU", nobody),
        ("job by topic to one of 5,000, CPU", one),
        ("job by topic to all 5,000, CPU", everyone),
    ):
        yield Seen(what=what, unit="ms", value=value, more=False)
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
    before = thread_seconds(house.pids())
    time.sleep(_IDLE_SECONDS)
    return (thread_seconds(house.pids()) - before) * 1000 / _IDLE_SECONDS


def _cpu_ms(house: House, line: Line, idle: float, tgt: str, kind: str) -> float:
    jobs, rest = (_JOBS, _REST) if kind == "glob" else (_BROADCASTS, _BROADCAST_REST)
    for _ in range(3):
        line.publish(house.new_jid(), tgt, kind, rest)
    before, begun = thread_seconds(house.pids()), time.monotonic()
    for _ in range(jobs):
        line.publish(house.new_jid(), tgt, kind, rest)
    used = (thread_seconds(house.pids()) - before) * 1000
    return (used - idle * (time.monotonic() - begun)) / jobs
