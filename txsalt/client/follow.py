"""
Follow a job from its publication, or from the middle, until everyone has answered or was given up.

Interactions: listen for the returns first, then publish or look what is stored, then gather.
Minions that stay silent are asked with one ``saltutil.find_job`` for all of them, so that a long
job is told from a lost minion. Before that the master is asked who was not connected when the job
was sent: a publication reaches nobody who comes later, so nobody waits for them. One deadline, if
given, ends the wait whatever minions say.

Source: PROTOCOL sections 10.3 and 14.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any  # results are any msgpack value

from txsalt.client.bus import Ear
from txsalt.client.session import Session
from txsalt.client.steps import Ended, Job, Published, Returned, Step, Told, Waiting
from txsalt.errors import LocalError, RemoteError, RequestRefused
from txsalt.events import tags
from txsalt.jobs.gather import NO_ANSWER, Finished, Gather, Probe, past_deadline
from txsalt.light import frozen
from txsalt.wire import event

# The master's programs know of a connection about a second after it came or went.
_FIRST_LOOK = 1.5  # seconds
_LOOK_PATIENCE = 3.0  # returns that come in wait as long as a master that is too busy to say it


def run(session: Session, job: Job, *, jid: str = "", tick: float | None = None) -> Generator[Step]:
    """
    Publish a job, then yield what happens: Published, each Returned as it arrives, Ended.

    With ``stream`` among the job's ``extra``, also what its commands write, as Told.
    ``tick``: also yield Waiting after so many seconds without news. Raises KeyFileError,
    MasterUnreachable or RequestRefused.
    """
    session.credentials()  # fails before anything is waited for
    session.connect()  # goes on while the bus is connected
    jid = jid or session.new_jid()
    prefixes = [tags.job_return_prefix(jid)]
    if job.extra.get("stream"):
        prefixes.append(tags.job_progress_prefix(jid))
    with session.following(*prefixes) as bus:
        began = time.monotonic()
        published = session.publish(job, jid)
        yield published
        yield from watch(session, bus, published, job, began, tick)


def watch(
    session: Session,
    bus: Ear,
    published: Published,
    job: Job,
    began: float,
    tick: float | None = None,
) -> Iterator[Step]:
    """
    Return what happens to a job that was published at ``began`` of the monotonic clock, or later.

    ``bus`` has listened for its returns since before that.
    """
    patience = _Patience(timeout=job.timeout, deadline=job.deadline, began=began)
    return _Watch(session, bus, published, patience, tick).steps()


def attach(
    session: Session,
    jid: str,
    *,
    timeout: float | None = None,
    tick: float | None = None,
    deadline: float | None = None,
    minions: list[str] | None = None,
) -> Generator[Step]:
    """
    Follow a job that was published before: what is stored of it first, then what comes in.

    ``minions`` are waited for instead of those that the master expected. Raises as ``run``, and
    RequestRefused for a job that is not stored.
    """
    from txsalt.client import records

    with session.following(tags.job_return_prefix(jid)) as bus:
        record = records.show(session, jid)
        published = Published(
            jid=jid,
            minions=list(record["minions"] if minions is None else minions),
            missing=list(record["missing"]),
        )
        yield published
        patience = _Patience(timeout=timeout, deadline=deadline, began=time.monotonic())
        watch = _Watch(session, bus, published, patience, tick)
        wanted = None if minions is None else list(minions)
        if record["outcomes"]:
            for minion, load in records.returns(session, jid, wanted):
                yield from watch.take(minion, load)
        yield from watch.steps()


@frozen(kw_only=True)
class _Patience:
    """How long a job is waited for: see ``Job``. ``began`` is when its deadline does."""

    timeout: float | None
    deadline: float | None
    began: float


class _Watch:
    """The wait for one job."""

    def __init__(
        self,
        session: Session,
        bus: Ear,
        published: Published,
        patience: _Patience,
        tick: float | None,
    ) -> None:
        config, now = session.config, time.monotonic()
        self._session = session
        self._bus = bus
        self._jid = published.jid
        self._tick = tick
        self._deadline = patience.deadline
        # From before it was sent: minions, who end it then, count from its arrival, so that what
        # they return of it is too late in any case.
        self._until = None if self._deadline is None else patience.began + self._deadline
        self._probes: set[str] = set()
        self._unknown = published.missing
        self._fates: dict[str, dict[str, Any] | None] = {}
        self._look_after = _FIRST_LOOK
        self._next_look = now + _FIRST_LOOK
        silence = config.timeout if patience.timeout is None else patience.timeout
        self._looks_end = now + silence + config.gather_job_timeout
        self._gather = Gather(
            published.jid,
            tuple(published.minions),
            silence,
            config.gather_job_timeout,
            now,
        )

    def take(self, minion: str, load: dict[str, Any]) -> Iterator[Returned]:
        """Take in a return; yield it if it is the first of its minion."""
        if self._gather.returned(minion, load, time.monotonic()):
            yield Returned(minion=minion, load=load)

    def steps(self) -> Iterator[Step]:
        """Yield what happens until the end."""
        while True:
            now = time.monotonic()
            if self._deadline is not None and self._until is not None and now >= self._until:
                self._gather.give_up(past_deadline(self._deadline))
            due = self._gather.due(now)
            if isinstance(due, Finished):
                yield from self._ended(due.missing)
                return
            if isinstance(due, Probe):
                self._probe(due.ids)
                continue
            if self._may_look() and now >= self._next_look:
                self._look_for_absent(now)
                continue
            heard = self._bus.receive(self._patience(due.seconds, now))
            if heard is not None:
                yield from self._heard(*heard)
            elif self._tick is not None:
                yield Waiting(running=self._gather.running)

    def _patience(self, seconds: float, now: float) -> float:
        limits = [seconds]
        if self._tick is not None:
            limits.append(self._tick)
        if self._until is not None:
            limits.append(self._until - now)
        if self._may_look():
            limits.append(self._next_look - now)
        return max(0.0, min(limits))

    def _may_look(self) -> bool:
        # Later the silent ones have been asked themselves.
        return self._next_look < self._looks_end

    def _look_for_absent(self, now: float) -> None:
        self._next_look = now + self._look_after
        self._look_after *= 2
        # A master that cannot say it now: they are asked in time.
        with suppress(LocalError, RemoteError):
            about = {"jid": self._jid}
            found = self._session.call_runner("jobs.absent", (), about, _LOOK_PATIENCE)
            self._gather.absent(found)

    def _heard(self, tag: str, load: dict[str, Any]) -> Iterator[Returned | Told]:
        minion, of = str(load.get("id", "")), load.get("jid")
        if tag.startswith(tags.job_progress_prefix(self._jid)):
            data = load.get("data")
            yield Told(minion=minion, data=data if isinstance(data, dict) else {})
        elif of == self._jid:
            yield from self.take(minion, self._whole(minion, load))
        elif of in self._probes:
            from txsalt.client import reasons

            fate = self._fates[minion] = reasons.fate_in(load)
            is_coming = fate is not None and fate.get("state") == "waiting"
            value = fate if is_coming else load.get("return")
            self._gather.probe_answered(minion, value, time.monotonic())

    def _ended(self, missing: dict[str, str]) -> Iterator[Step]:
        lacking = {**dict.fromkeys(self._unknown, NO_ANSWER), **missing}
        if not lacking:
            yield Ended({})
            return
        # Here, as below: jobs whose minions all answer in time are the rule, and need it not.
        from txsalt.client import reasons

        explained = reasons.explain(self._session, self._jid, lacking, self._fates)
        for minion, load in explained.late.items():
            yield from self.take(minion, load)
        yield Ended(explained.reasons)

    def _whole(self, minion: str, load: dict[str, Any]) -> dict[str, Any]:
        # The bus carries no large values; the store has each return whole.
        if load.get("return") != event.TRIMMED:
            return load
        from txsalt.client import records

        return dict(records.returns(self._session, self._jid, [minion])).get(minion, load)

    def _probe(self, minions: tuple[str, ...]) -> None:
        probe = self._session.new_jid()
        self._bus.subscribe(tags.job_return_prefix(probe))
        self._bus.wait_live()
        job = Job(tgt=list(minions), tgt_type="list", fun="saltutil.find_job", arg=[self._jid])
        # If nobody of them is known any more they stay silent, and that is the answer.
        with suppress(RequestRefused):
            self._session.publish(job, probe)
        self._probes.add(probe)
