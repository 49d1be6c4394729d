"""
Send returns (or events) that nobody asked for, as fast as the lanes allow.

Requests are sealed before the clock starts and replies opened after it has stopped, so that the
figure is the master's; the order is: seal a portion, send it and wait, open the replies, repeat.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any  # loads are maps of any msgpack value

from txsalt.jobs import jid as jids
from txsalt.swarm.lanes import Lanes
from txsalt.swarm.loop import Loop
from txsalt.swarm.minions import Minion
from txsalt.swarm.plan import EVENTS, Plan
from txsalt.swarm.replies import Replies, Sealed, seal
from txsalt.wire import job_loads

_PORTION = 20_000
_PORTION_BYTES = 64 * 1024 * 1024
EVENT_TAG = "swarm/flood"


class Flood:
    """One flood; ``run`` it, then ask for the ``report``."""

    def __init__(self, plan: Plan, loop: Loop, lanes: Lanes, minions: list[Minion]) -> None:
        self._plan = plan
        self._loop = loop
        self._lanes = lanes
        self._minions = minions
        self._replies = Replies()
        self._random = random.Random(plan.seed)  # noqa: S311 - no secret
        self._jids = [jid for jid in plan.jids.split(",") if jid]
        self._begun = datetime.now(UTC)
        self._answered = 0
        self._over = 0  # answered, or given up
        self._rest: Iterator[Sealed] = iter(())
        self._pausing = 0
        self._wrong = 0
        self._sealing_seconds = 0.0
        self._seconds = 0.0
        self._rates: list[float] = []

    def run(self, stopped: Callable[[], bool]) -> None:
        """Send all, or what the time allows."""
        plan = self._plan
        end = self._loop.clock() + plan.duration
        total = plan.total or len(self._minions)
        size = max(1, min(_PORTION, _PORTION_BYTES // (plan.payload * plan.batch + 1024)))
        number = 0
        while number < total and not stopped() and self._loop.clock() < end:
            portion = range(number, min(total, number + size))
            self._send(portion, lambda: stopped() or self._loop.clock() >= end)
            number = portion.stop
            while self._replies.check_some():
                pass

    def report(self) -> dict[str, Any]:
        """Return counts, the rate while the clock ran, and latencies."""
        rate = self._answered / self._seconds if self._seconds else None
        return {
            "kind": self._plan.kind,
            "answered": self._answered,
            "sealed_wrongly": self._wrong,
            "seconds": round(self._seconds, 4),
            "per_second": rate and round(rate, 1),
            "items_per_second": rate and round(rate * self._plan.batch, 1),
            "portions_per_second": [round(each, 1) for each in self._rates],
            "sealing_seconds": round(self._sealing_seconds, 4),
            **self._replies.report(),
        }

    def _send(self, portion: range, stopped: Callable[[], bool]) -> None:
        begun = time.monotonic()
        ready = [self._seal(number) for number in portion]
        self._sealing_seconds += time.monotonic() - begun
        before, begun = self._answered, time.monotonic()
        last = self._over + len(ready)
        if self._plan.think:
            # Each connection pauses between a reply and its next request; those that have not
            # ended their pause since the portion before go on with this one.
            self._rest = iter(ready)
            for sealed in list(islice(self._rest, self._plan.width - self._pausing)):
                self._ask(sealed)
        else:
            for sealed in ready:
                self._ask(sealed)
        self._loop.run(lambda: stopped() or self._over >= last)
        self._lanes.drop_waiting()
        took = time.monotonic() - begun
        self._seconds += took
        self._rates.append((self._answered - before) / took)

    def _ask(self, sealed: Sealed) -> None:
        def answered(raw: bytes | None, seconds: float) -> None:
            self._over += 1
            self._answered += raw is not None
            self._replies.take(sealed, raw, seconds)
            if self._plan.think:
                self._pausing += 1
                self._loop.later(self._random.uniform(0.5, 1.5) * self._plan.think, self._next)

        self._lanes.ask(lambda: sealed.payload, answered)

    def _next(self) -> None:
        self._pausing -= 1
        sealed = next(self._rest, None)
        if sealed is not None:
            self._ask(sealed)

    def _seal(self, number: int) -> Sealed:
        minion = self._minions[number % len(self._minions)]
        assert minion.session is not None
        wrong = self._random.random() < self._plan.wrong
        self._wrong += wrong
        made = self._events(number) if self._plan.kind == EVENTS else self._return(number, minion)
        return seal(minion.session, made, wrong=wrong)

    def _return(self, number: int, minion: Minion) -> dict[str, Any]:
        # Another job in each round over the minions: the same return twice is no news.
        jid = self._jid(number // len(self._minions))
        publication = {"jid": jid, "fun": "test.ping", "arg": []}
        failed = self._random.random() < self._plan.failed
        result = result_of(True, self._plan.payload, failed=failed)
        return job_loads.return_load(publication, minion.facts.id, result, stamp())

    def _jid(self, round_: int) -> str:
        if self._jids:
            return self._jids[round_ % len(self._jids)]
        return jids.make(self._begun + timedelta(microseconds=round_))

    def _events(self, number: int) -> dict[str, Any]:
        data = {"number": number, "text": "x" * self._plan.payload}
        if self._plan.batch == 1:
            return {"cmd": "_minion_event", "tag": EVENT_TAG, "data": data}
        events = [{"tag": EVENT_TAG, "data": data} for _ in range(self._plan.batch)]
        return {"cmd": "_minion_event", "events": events, "pretag": None}


def result_of(value: Any, payload: int, *, failed: bool) -> dict[str, Any]:
    """Return a job's result: ``value``, or a text of ``payload`` bytes if that is not 0."""
    code = 1 if failed else 0
    return {"return": "x" * payload if payload else value, "retcode": code, "success": not failed}


def stamp() -> str:
    """Return the time as returns carry it."""
    return datetime.now(UTC).isoformat()
