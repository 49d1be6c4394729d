"""
Watch a batch that the master runs, from its beginning or from the middle.

Interactions: the bus tells returns as they come; now and then, and at the end, the store says
whether any was missed. A master that is away for a while is waited for: the batch goes on when it
is back.
"""

import math
import time
from collections.abc import Iterator
from typing import Any  # loads hold any msgpack value

from txsalt.client import follow, reasons, records
from txsalt.client.batch_turns import Turns
from txsalt.client.bus import Ear
from txsalt.client.session import Session
from txsalt.client.steps import Ended, Job, Published, Returned, Step, Waiting
from txsalt.errors import MasterUnreachable
from txsalt.events import tags
from txsalt.jobs import gather
from txsalt.jobs.reasons import KILLED, NO_KEY, NOT_STARTED, Reason
from txsalt.wire import event

LOOK_EVERY = 3.0  # seconds without news
_STARTED = Reason(word="running", text="the batch has started it")
_WAITING = Reason(word="queued", text="the batch has not come to it yet")
_PATIENCE = 2.0  # seconds for one look; the next one comes anyway
_BEYOND = 5.0  # seconds that the master has to say that the deadline has passed


def run(session: Session, job: Job, *, tick: float | None = None) -> Iterator[Step]:
    """
    Publish a job with a plan, then yield what happens as ``follow.run`` does.

    Raises KeyFileError, MasterUnreachable or RequestRefused.
    """
    session.credentials()
    jid = session.new_jid()
    with session.following(tags.job_return_prefix(jid), tags.batch_prefix(jid)) as bus:
        began = time.monotonic()
        published = session.publish(job, jid)
        at_once = follow.watch(session, bus, published, job, began, tick)
        found = state(session, jid)
        yield published
        if not found:
            # So few minions that the master published it at once.
            yield from at_once
            return
        view = _View(session, bus, published, tick, found, job.deadline)
        yield from view.steps()


def attach(
    session: Session,
    jid: str,
    *,
    timeout: float | None = None,
    tick: float | None = None,
    deadline: float | None = None,
) -> Iterator[Step]:
    """
    Watch a job that was published before, a batch or not.

    ``timeout`` and ``deadline`` are for one that is none: a batch has its own. Raises as ``run``,
    and UnknownJob.
    """
    found = state(session, jid)
    if not found:
        yield from follow.attach(session, jid, timeout=timeout, tick=tick, deadline=deadline)
        return
    with session.following(tags.job_return_prefix(jid), tags.batch_prefix(jid)) as bus:
        record = records.show(session, jid)
        published = Published(jid=jid, minions=record["minions"], missing=record["missing"])
        yield published
        view = _View(session, bus, published, tick, found)
        yield from view.catch_up()
        yield from view.steps()


def state(session: Session, jid: str) -> dict[str, Any]:
    """Return how far a batch is (master/worker/commands/batches.py); {} for a job that is none."""
    return dict(session.runner("batch.state", jid=jid))


def stop(session: Session, jid: str, function: str) -> bool:
    """
    Let a batch start nobody any more, and end it where it runs; False for a job that is none.

    ``function`` ends jobs: saltutil.term_job or saltutil.kill_job.
    """
    return bool(session.runner("batch.stop", jid=jid, function=function))


def why(
    session: Session, jid: str, record: dict[str, Any], found: dict[str, Any]
) -> dict[str, Reason]:
    """Return reasons by id for all who have not returned yet; ``found`` is the batch's state."""
    lost = {each: why for each, why in found["missing"].items() if each not in record["outcomes"]}
    deadline = found.get("deadline")
    past_deadline = "" if deadline is None else gather.past_deadline(deadline)
    explained = reasons.explain(
        session,
        jid,
        {**dict.fromkeys(record["missing"], gather.NO_ANSWER), **lost},
        {each: None for each, why in lost.items() if why == gather.NOT_RUNNING},
    )
    return {
        **dict.fromkeys(found["running"], _STARTED),
        **dict.fromkeys(found["waiting"], _WAITING),
        # A return that comes now is too late, as it is for a job in one piece.
        **{each: _late(why) for each, why in lost.items() if why == past_deadline},
        **explained.reasons,
        **dict.fromkeys(found["not_started"], _not_started(found)),
    }


def _late(why: str) -> Reason:
    return Reason(word="deadline", text=why)


def _not_started(found: dict[str, Any]) -> Reason:
    if found["state"] != "deadline":
        return KILLED if found["plan"].get("halted") else NOT_STARTED
    return _late(f"it was not started before the deadline of {found['deadline']:g} s")


class _View:
    """What one program has seen of a batch."""

    def __init__(
        self,
        session: Session,
        bus: Ear,
        published: Published,
        tick: float | None,
        found: dict[str, Any],
        deadline: float | None = None,
    ) -> None:
        self._session = session
        self._bus = bus
        self._published = published
        self._tick = tick
        self._turns = Turns.of(len(published.minions), found)
        self._deadline = deadline
        self._until = math.inf if deadline is None else time.monotonic() + deadline + _BEYOND

    def catch_up(self) -> Iterator[Returned | Waiting]:
        """Yield what is stored and was not heard."""
        jid = self._published.jid
        outcomes = records.show(self._session, jid)["outcomes"]
        unseen = [each for each in outcomes if each not in self._turns.returned]
        for minion, load in records.returns(self._session, jid, unseen) if unseen else ():
            yield from self._take(minion, load)

    def steps(self) -> Iterator[Step]:
        """Yield what happens until the end."""
        jid = self._published.jid
        done, part = tags.batch_done(jid), tags.batch_part(jid)
        next_look = time.monotonic()
        yield from self._news()
        while True:
            now = time.monotonic()
            if now >= self._until:
                yield Ended(self._given_up())
                return
            if now >= next_look:
                next_look = now + LOOK_EVERY
                found = self._look()
                if found.get("state", "running") != "running":
                    yield from self.catch_up()
                    yield Ended(self._missing(found))
                    return
                self._turns.look(found)
                if found.get("returned", 0) > len(self._turns.returned):
                    yield from self.catch_up()
            left = max(0.0, min(next_look, self._until) - time.monotonic())
            heard = self._bus.receive(left if self._tick is None else min(left, self._tick))
            if heard is None:
                yield from self._news()
            elif heard[0] == part:
                self._turns.started(heard[1].get("minions") or ())
                yield from self._news()
            elif heard[0] == done:
                next_look = 0.0
            elif (answer := tags.parse_return(heard[0])) is not None:
                next_look = time.monotonic() + LOOK_EVERY
                yield from self._heard(answer.id, heard[1])

    def _heard(self, minion: str, load: dict[str, Any]) -> Iterator[Returned | Waiting]:
        if load.get("return") == event.TRIMMED:
            stored = records.returns(self._session, self._published.jid, [minion])
            load = dict(stored).get(minion, load)
        yield from self._take(minion, load)

    def _take(self, minion: str, load: dict[str, Any]) -> Iterator[Returned | Waiting]:
        if self._turns.done(minion):
            yield from self._news()
            yield Returned(minion=minion, load=load)

    def _news(self) -> Iterator[Waiting]:
        if self._tick is not None:
            yield self._turns.news()

    def _given_up(self) -> dict[str, Reason]:
        """Say why nobody is waited for though the master, which should end it, says nothing."""
        late = _late(gather.past_deadline(self._deadline or 0))
        left = [each for each in self._published.minions if each not in self._turns.returned]
        return {**dict.fromkeys(self._published.missing, NO_KEY), **dict.fromkeys(left, late)}

    def _look(self) -> dict[str, Any]:
        try:
            reply = self._session.ask(
                {
                    "cmd": "runner",
                    "fun": "batch.state",
                    "kwarg": {"jid": self._published.jid},
                    "direct": True,
                },
                _PATIENCE,
            )
        except MasterUnreachable:
            return {}
        data = reply.get("data") if isinstance(reply, dict) else None
        found = data.get("return") if isinstance(data, dict) else None
        return found if isinstance(found, dict) else {}

    def _missing(self, found: dict[str, Any]) -> dict[str, Reason]:
        record = {"outcomes": self._turns.returned, "missing": self._published.missing}
        return why(self._session, self._published.jid, record, found)
