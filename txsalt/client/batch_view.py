"""
Watch a batch that the master runs, from its beginning or from the middle.

Interactions: the bus tells returns as they come; now and then, and at the end, the store says
whether any was missed. A master that is away for a while is waited for: the batch goes on when it
is back.
"""

import time
from collections.abc import Iterator
from typing import Any  # loads hold any msgpack value

from txsalt.client import follow, reasons, records
from txsalt.client.bus import Ear
from txsalt.client.session import Session
from txsalt.client.steps import Ended, Job, Published, Returned, Step, Waiting
from txsalt.errors import MasterUnreachable
from txsalt.events import tags
from txsalt.jobs import gather
from txsalt.jobs.reasons import NOT_STARTED, Reason
from txsalt.wire import event

LOOK_EVERY = 3.0  # seconds without news
_STARTED = Reason(word="running", text="the batch has started it")
_WAITING = Reason(word="queued", text="the batch has not come to it yet")
_PATIENCE = 2.0  # seconds for one look; the next one comes anyway


def run(session: Session, job: Job, *, tick: float | None = None) -> Iterator[Step]:
    """
    Publish a job with a plan, then yield what happens as ``follow.run`` does.

    Raises KeyFileError, MasterUnreachable or RequestRefused.
    """
    session.credentials()
    jid = session.new_jid()
    with session.following(tags.job_return_prefix(jid), tags.batch_prefix(jid)) as bus:
        published = session.publish(job, jid)
        if not state(session, jid):
            # So few minions that the master published it at once.
            yield from follow.attach(session, jid, timeout=job.timeout, tick=tick)
            return
        yield published
        yield from _View(session, bus, published, tick).steps()


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
    if not state(session, jid):
        yield from follow.attach(session, jid, timeout=timeout, tick=tick, deadline=deadline)
        return
    with session.following(tags.job_return_prefix(jid), tags.batch_prefix(jid)) as bus:
        record = records.show(session, jid)
        published = Published(jid=jid, minions=record["minions"], missing=record["missing"])
        yield published
        view = _View(session, bus, published, tick)
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
    explained = reasons.explain(
        session,
        jid,
        {**dict.fromkeys(record["missing"], gather.NO_ANSWER), **lost},
        {each: None for each, why in lost.items() if why == gather.NOT_RUNNING},
    )
    return {
        **dict.fromkeys(found["running"], _STARTED),
        **dict.fromkeys(found["waiting"], _WAITING),
        **explained.reasons,
        **dict.fromkeys(found["not_started"], NOT_STARTED),
    }


class _View:
    """What one program has seen of a batch."""

    def __init__(
        self, session: Session, bus: Ear, published: Published, tick: float | None
    ) -> None:
        self._session = session
        self._bus = bus
        self._published = published
        self._tick = tick
        self._seen: set[str] = set()

    def catch_up(self) -> Iterator[Returned]:
        """Yield what is stored and was not heard."""
        jid = self._published.jid
        outcomes = records.show(self._session, jid)["outcomes"]
        unseen = [each for each in outcomes if each not in self._seen]
        for minion, load in records.returns(self._session, jid, unseen) if unseen else ():
            yield from self._take(minion, load)

    def steps(self) -> Iterator[Step]:
        """Yield what happens until the end."""
        done = tags.batch_done(self._published.jid)
        next_look = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= next_look:
                next_look = now + LOOK_EVERY
                found = self._look()
                if found.get("state", "running") != "running":
                    yield from self.catch_up()
                    yield Ended(self._missing(found))
                    return
                if found.get("returned", 0) > len(self._seen):
                    yield from self.catch_up()
            left = max(0.0, next_look - time.monotonic())
            heard = self._bus.receive(left if self._tick is None else min(left, self._tick))
            if heard is None:
                if self._tick is not None:
                    yield Waiting(running=0)
            elif heard[0] == done:
                next_look = 0.0
            elif (answer := tags.parse_return(heard[0])) is not None:
                next_look = time.monotonic() + LOOK_EVERY
                yield from self._heard(answer.id, heard[1])

    def _heard(self, minion: str, load: dict[str, Any]) -> Iterator[Returned]:
        if load.get("return") == event.TRIMMED:
            stored = records.returns(self._session, self._published.jid, [minion])
            load = dict(stored).get(minion, load)
        yield from self._take(minion, load)

    def _take(self, minion: str, load: dict[str, Any]) -> Iterator[Returned]:
        if minion not in self._seen:
            self._seen.add(minion)
            yield Returned(minion=minion, load=load)

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
        record = {"outcomes": self._seen, "missing": self._published.missing}
        return why(self._session, self._published.jid, record, found)
