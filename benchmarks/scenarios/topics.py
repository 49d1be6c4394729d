"""
A job for one of 5,000 minions that subscribe to topics, against one for all: master's CPU.

All are published over connections that stay: one by one, each when the one before has left, as a
master that is busy with a broadcast would send the next ones together with it; and with eight
requests under way all the time. A job for a minion that is away costs all that a job costs but its
sending, so what is above that is the sending. At last all minions vanish at once.
"""

import statistics
import time
from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, Running, fleet, prefix
from benchmarks.processes import thread_seconds
from benchmarks.publisher import Line

NAME = "topics"
_MINIONS = 5000
_PORTIONS = 7
# Jobs in a portion, for each that is under way.
_JOBS = 50
_BROADCASTS = 8
# Seconds until what was accepted has left.
_REST, _BROADCAST_REST = 0.01, 0.1
_LAST_REST = 1
_STILL = 0.1  # seconds of processor time a second, of a master that has no more to do
_IDLE_SECONDS = 20  # longer than heartbeats are apart
_AWAY = "fleet-away-"
_TOGETHER = 8
_GONE_SECONDS = 60
_RESOLUTION_MS = 0.1  # of the difference of two jobs; less is taken for as much


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure on a master of its own; ours alone, whose minions have topics unasked; full run."""
    if size.quick or not house.is_ours:
        return
    words = (*fleet(_MINIONS), "--subscribe", "each", "--silent", "1", "--topics")
    with House(house.name) as own, own.answering(*words) as swarm:
        own.swarm("sign-in", "--minions", "1", "--prefix", _AWAY)
        idle = _idle_ms_a_second(own)
        for connections, how in ((1, ""), (_TOGETHER, f", {_TOGETHER} at once")):
            with own.publisher.line(connections) as line:
                yield from _jobs(own, line, idle, connections, how)
        yield Seen(what="all 5,000 vanish, CPU", unit="s", value=_end(own, swarm), more=False)


def _jobs(house: House, line: Line, idle: float, together: int, how: str) -> Iterator[Seen]:
    nobody = _cpu_ms(house, line, idle, together, f"{_AWAY}0", "glob")
    one = _cpu_ms(house, line, idle, together, f"{prefix(_MINIONS)}0000", "glob")
    # A compound target goes to everybody, and everybody decides.
    everyone = _cpu_ms(house, line, idle, together, "*", "compound")
    for what, value in (
        ("job for a minion that is away, CPU", nobody),
        ("job by topic to one of 5,000, CPU", one),
        ("job by topic to all 5,000, CPU", everyone),
    ):
        yield Seen(what=what + how, unit="ms", value=value, more=False)
    sending = (everyone - nobody) / max(one - nobody, _RESOLUTION_MS)
    yield Seen(
        what="CPU of sending to all over to one" + how,
        unit="x",
        value=sending,
        more=True,
        goal="100",
    )
    yield Seen(
        what="CPU of a job for all over for one" + how,
        unit="x",
        value=everyone / max(one, _RESOLUTION_MS),
        more=True,
    )


def _idle_ms_a_second(house: House) -> float:
    """What 5,000 connections cost when nothing is sent, without the crowds of heartbeats."""
    seen = []
    for _ in range(_IDLE_SECONDS):
        before = thread_seconds(house.pids())
        time.sleep(1)
        seen.append((thread_seconds(house.pids()) - before) * 1000)
    return statistics.median(seen)


def _cpu_ms(house: House, line: Line, idle: float, together: int, tgt: str, kind: str) -> float:
    jobs, rest = (_JOBS, _REST) if kind == "glob" else (_BROADCASTS, _BROADCAST_REST)
    line.publish([house.new_jid() for _ in range(3 * together)], tgt, kind, rest)
    seen = []
    # The median, as a crowd of heartbeats in one portion costs as much as its jobs.
    for _ in range(_PORTIONS):
        before, begun = thread_seconds(house.pids()), time.monotonic()
        _publish(line, [house.new_jid() for _ in range(jobs * together)], together, tgt, kind, rest)
        used = (thread_seconds(house.pids()) - before) * 1000
        seen.append((used - idle * (time.monotonic() - begun)) / (jobs * together))
    return statistics.median(seen)


def _publish(line: Line, jids: list[str], together: int, tgt: str, kind: str, rest: float) -> None:
    if together == 1:
        for jid in jids:
            line.publish([jid], tgt, kind, rest)
    else:
        line.publish(jids, tgt, kind, _LAST_REST)


def _end(house: House, swarm: Running) -> float:
    """What it costs when all connections break, in seconds."""
    before = last = thread_seconds(house.pids())
    swarm.process.kill()
    end = time.monotonic() + _GONE_SECONDS
    while time.monotonic() < end:
        time.sleep(1)
        now = thread_seconds(house.pids())
        if now - last < _STILL and last > before + _STILL:
            break
        last = now
    return last - before
