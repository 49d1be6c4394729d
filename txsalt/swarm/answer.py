"""
Answer jobs as a fleet does: hear, match, think, return.

Source: PROTOCOL sections 8.3, 11.3 and 12.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any  # loads and results are any msgpack value

from attrs import define, field

from txsalt.errors import BadBox, RemoteError
from txsalt.protocol.publication import BROADCAST, Opener, topic_of
from txsalt.swarm.arrival import Arrival
from txsalt.swarm.flood import result_of, stamp
from txsalt.swarm.lanes import Lanes
from txsalt.swarm.loop import Loop
from txsalt.swarm.minions import Minion, chosen
from txsalt.swarm.plan import Plan
from txsalt.swarm.replies import Replies, Sealed, seal
from txsalt.wire import job_loads

_REPORTED_JOBS = 1000
_OPENED_FRAMES = 512
_COUNTS = ("chosen", "returned", "failed", "silent", "late", "unfinished")
FIND_JOB = "saltutil.find_job"


@define(eq=False)
class Heard:
    """One publication and what became of it; times are Unix time."""

    publication: job_loads.Publication = field(repr=False)
    # Who is meant and has not heard it; emptied as they do, since a long run hears many jobs.
    unheard: dict[str, Minion] = field(repr=False)
    chosen: int
    first: float
    last: float = 0.0
    copies: int = 0
    returned: int = 0
    silent: int = 0
    late: int = 0
    failed: int = 0
    unfinished: int = 0
    last_reply: float = 0.0

    def report(self) -> dict[str, Any]:
        """Return what a person wants to know of it."""
        return {
            "jid": self.publication.jid,
            "fun": self.publication.fun,
            "chosen": self.chosen,
            "unheard": len(self.unheard),
            "copies": self.copies,
            "first_copy": self.first,
            "last_copy": self.last,
            "returned": self.returned,
            "failed": self.failed,
            "silent": self.silent,
            "late": self.late,
            "unfinished": self.unfinished,
            "last_reply": self.last_reply,
        }


class Answerer:
    """Hears for all minions and answers for those that are meant."""

    def __init__(
        self, plan: Plan, loop: Loop, lanes: Lanes, minions: list[Minion], arrival: Arrival
    ) -> None:
        """``arrival`` has signed them in; it gives the keys of publications."""
        assert arrival.keys is not None
        self.jobs: dict[str, Heard] = {}
        self._plan = plan
        self._loop = loop
        self._lanes = lanes
        self._minions = minions
        self._arrival = arrival
        self._by_topic = {topic_of(minion.facts.id): minion for minion in minions}
        keys = arrival.keys
        self._opener = Opener(keys.master_key, keys.aes, require_signature=False, jids=100)
        self._opened: dict[bytes, Heard | None] = {}
        self._unreadable: list[tuple[Minion | None, list[bytes]]] = []
        self._renewing = False
        self._replies = Replies()
        self._dropped: Counter[str] = Counter()
        self._running: set[tuple[str, str]] = set()
        self._signed_in_again = 0
        self._wrong = 0
        self._random = random.Random(plan.seed)  # noqa: S311 - no secret
        loop.when_idle(self._replies.check_some)

    def hear(self, owner: Minion | None, parts: list[bytes]) -> None:
        """Take one copy of a publication, heard by one minion, or by all (None)."""
        now = time.time()
        frame = parts[-1]
        if len(parts) == 2 and parts[0] != BROADCAST:
            meant = self._by_topic.get(parts[0])
            if meant is None or owner not in (None, meant):
                return
            owner = meant
        if frame not in self._opened and (self._renewing or not self._open(frame, now)):
            self._unreadable.append((owner, parts))
            return
        job = self._opened[frame]
        if job is None:
            return
        job.copies += 1
        job.last = now
        for minion in list(job.unheard.values()) if owner is None else (owner,):
            # A copy that comes twice (filtered and broadcast) is one job all the same.
            if job.unheard.pop(minion.facts.id, None) is not None:
                self._answer(job, minion)

    def quiet(self) -> bool:
        """Tell whether every answer is on its way and replied to."""
        return not self._running and not self._lanes.busy

    def report(self) -> dict[str, Any]:
        """Return jobs, counts and latencies."""
        jobs = list(self.jobs.values())
        return {
            "jobs_heard": len(jobs),
            **{name: sum(getattr(job, name) for job in jobs) for name in _COUNTS},
            "sealed_wrongly": self._wrong,
            "dropped": dict(self._dropped),
            "signed_in_again": self._signed_in_again,
            **self._replies.report(),
            "jobs": [job.report() for job in jobs[-_REPORTED_JOBS:]],
        }

    def _open(self, frame: bytes, now: float) -> bool:
        """Open a frame seen for the first time; False if other keys are needed for it."""
        job = None
        try:
            publication = self._opener.open(frame)
        except BadBox:
            self._renew()
            return False
        except RemoteError as exc:
            self._dropped[type(exc).__name__] += 1
        else:
            self._opener.remember(publication.jid)
            meant = {minion.facts.id: minion for minion in chosen(publication, self._minions)}
            job = Heard(publication=publication, unheard=meant, chosen=len(meant), first=now)
            self.jobs[publication.jid] = job
        while len(self._opened) >= _OPENED_FRAMES:
            del self._opened[next(iter(self._opened))]
        self._opened[frame] = job
        return True

    def _renew(self) -> None:
        """Sign one minion in for the new shared key, then hear again what could not be read."""
        self._renewing = True
        self._arrival.again(self._minions[0], self._renewed)

    def _renewed(self, is_in: bool) -> None:
        self._renewing = False
        self._signed_in_again += 1
        kept, self._unreadable = self._unreadable, []
        keys = self._arrival.keys
        if not is_in or keys is None or not self._opener.renew(keys.master_key, keys.aes):
            # The same keys as before: forged or damaged, or we are no longer welcome.
            self._dropped["BadBox"] += len(kept)
            return
        for owner, parts in kept:
            self.hear(owner, parts)

    def _answer(self, job: Heard, minion: Minion) -> None:
        plan, draw = self._plan, self._random.random()
        if draw < plan.silent:
            job.silent += 1
            return
        delay = self._random.uniform(0.5, 1.5) * plan.think if plan.think else 0.0
        if draw < plan.silent + plan.late:
            job.late += 1
            delay += plan.late_by
        self._running.add((job.publication.jid, minion.facts.id))
        job.unfinished += 1
        if delay:
            self._loop.later(delay, lambda: self._return(job, minion, again=False))
        else:
            self._return(job, minion, again=False)

    def _return(self, job: Heard, minion: Minion, *, again: bool) -> None:
        wrong = not again and self._random.random() < self._plan.wrong
        self._wrong += wrong
        fails = job.publication.fun != FIND_JOB and self._random.random() < self._plan.failed
        sealed: list[Sealed] = []

        def make() -> bytes:
            assert minion.session is not None
            sealed.append(seal(minion.session, self._load(job, minion, fails), wrong=wrong))
            return sealed[0].payload

        def replied(raw: bytes | None, seconds: float) -> None:
            accepted = self._replies.take(sealed[0], raw, seconds)
            if not accepted and not again:
                self._again(job, minion)
                return
            self._ended(job, minion)
            if accepted and raw is not None:
                job.returned += 1
                job.failed += fails
                job.last_reply = time.time()

        self._lanes.ask(make, replied)

    def _again(self, job: Heard, minion: Minion) -> None:
        def signed_in(is_in: bool) -> None:
            self._signed_in_again += 1
            if is_in:
                self._return(job, minion, again=True)
            else:
                self._ended(job, minion)

        self._arrival.again(minion, signed_in)

    def _ended(self, job: Heard, minion: Minion) -> None:
        self._running.discard((job.publication.jid, minion.facts.id))
        job.unfinished -= 1

    def _load(self, job: Heard, minion: Minion, fails: bool) -> dict[str, Any]:
        publication = job.publication
        result = result_of(True, self._plan.payload, failed=fails)
        if publication.fun == FIND_JOB:
            wanted = str(publication.arg[0]) if publication.arg else ""
            runs = (wanted, minion.facts.id) in self._running
            result = result_of({"jid": wanted, "pid": 0} if runs else {}, 0, failed=False)
        return job_loads.return_load(publication.load, minion.facts.id, result, stamp())


def enough(plan: Plan, answerer: Answerer) -> Callable[[], bool]:
    """Return a test whether the jobs that were to be waited for are all answered."""

    def check() -> bool:
        if not plan.jobs:
            return False
        jobs = [job for job in answerer.jobs.values() if job.publication.fun != FIND_JOB]
        # The first copy of a job may be that of a minion it is not for: all must have heard.
        heard = not any(job.unheard for job in jobs)
        return len(jobs) >= plan.jobs and heard and answerer.quiet()

    return check
