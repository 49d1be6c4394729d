"""
Decide, for a job that runs on some minions at a time, whom to start, whom to ask, when it is over.

Pure: the caller tells what came in and when, asks what is due, and does it. Times are seconds of
any clock that only grows. Each minion is started at most once, whatever happens: a machine that is
resumed from what was stored starts nobody again.

    queued ── Start ──► silent ── timeout ──► asked ── runs it ──► silent
                           │                     │── does not ──► ended ── GRACE ──► missing
                           │                     └── gather_job_timeout ──► missing
       │                   └── any of them ── a return ──► returned
       └── not connected ──► missing

A minion that is missing counts as one that failed. Once more have failed than may, nobody is
started any more, and those who run are waited for. A deadline is of the whole batch: once it has
passed nobody is started and nobody is waited for, whatever they say.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping

from attrs import define, field, frozen

from txsalt.jobs.batch_plan import Plan
from txsalt.jobs.gather import ABSENT, GRACE, NO_ANSWER, NOT_RUNNING, past_deadline
from txsalt.light import evolve


@frozen
class Start:
    """Publish the job to these minions as a list target, then tell ``started``."""

    ids: tuple[str, ...]


@frozen
class Ask:
    """Publish ``saltutil.running`` to these minions as a list target."""

    ids: tuple[str, ...]


@frozen
class Wait:
    """Nothing to do for so long, unless something comes in."""

    seconds: float


@frozen
class Finished:
    """
    All is known. ``not_started`` is not empty only if the batch was stopped, or is ``late``.

    ``late``: nothing stopped it but its deadline.
    """

    not_started: tuple[str, ...]
    late: bool = False


@frozen
class Deadline:
    """``seconds`` that the whole batch has, and when they are over."""

    seconds: float
    until: float

    def left(self, now: float) -> float:
        """Return the seconds that remain, 0 for none."""
        return max(0.0, self.until - now)


Due = Start | Ask | Wait | Finished


@define
class _Running:
    part: str
    state: str  # "silent", "asked" or "ended"
    until: float  # when silence ends in a question, or the other two in giving up


@define
class Batch:
    """One job; ``minions`` in the order in which they are started."""

    plan: Plan
    minions: tuple[str, ...]
    deadline: Deadline | None = None
    returned_well: dict[str, bool] = field(init=False, factory=dict)
    missing: dict[str, str] = field(init=False, factory=dict)
    _queue: deque[str] = field(init=False, factory=deque)
    _running: dict[str, _Running] = field(init=False, factory=dict)
    _started: int = field(init=False, default=0)
    _bad: int = field(init=False, default=0)
    _cut_off: int = field(init=False, default=0)  # of the missing, those the deadline ended
    _cooling: deque[float] = field(init=False, factory=deque)  # when places become free
    _next_question: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self._queue.extend(self.minions)

    def resume(
        self,
        parts: Mapping[str, Iterable[str]],
        returned_well: Mapping[str, bool],
        missing: Mapping[str, str],
        now: float,
    ) -> None:
        """Take in what was stored: the ids of each part, and how it ended for some."""
        for part, ids in parts.items():
            self.started(part, tuple(ids), now)
        was_started = {minion_id for ids in parts.values() for minion_id in ids}
        self.absent(each for each in missing if each not in was_started)
        for minion_id in [*returned_well, *missing]:
            self._running.pop(minion_id, None)
        self.returned_well.update(returned_well)
        self._bad = sum(not well for well in self.returned_well.values())
        gone = {each: why for each, why in missing.items() if each not in returned_well}
        self.missing.update(gone)
        self._cut_off = sum(why == self._too_late for why in gone.values())

    @property
    def running(self) -> tuple[str, ...]:
        """Who was started and is waited for."""
        return tuple(self._running)

    @property
    def failures(self) -> int:
        """How many returned a failure, or nothing; who was cut off by the deadline is neither."""
        return len(self.missing) - self._cut_off + self._bad

    @property
    def is_stopped(self) -> bool:
        """Whether nobody is started any more: too many have failed, or somebody said so."""
        if self.plan.halted:
            return True
        most = self.plan.most_failures(len(self.minions))
        return most is not None and self.failures > most

    def part_of(self, minion_id: str) -> str | None:
        """Return the part in which a minion runs now."""
        running = self._running.get(minion_id)
        return None if running is None else running.part

    def halt(self) -> dict[str, list[str]]:
        """Start nobody any more; return who runs, by part."""
        self.plan = evolve(self.plan, halted=True)
        parts: dict[str, list[str]] = {}
        for minion_id, running in self._running.items():
            parts.setdefault(running.part, []).append(minion_id)
        return parts

    def started(self, part: str, ids: tuple[str, ...], now: float) -> None:
        """These minions were sent the job under the jid ``part``."""
        for minion_id in ids:
            if self._queue and self._queue[0] == minion_id:
                self._queue.popleft()
            else:
                self._queue.remove(minion_id)
        self._started += len(ids)
        for minion_id in ids:
            self._running[minion_id] = _Running(part, "silent", now + self.plan.timeout)

    def absent(self, ids: Iterable[str]) -> None:
        """These were not connected when their turn came: they are missing, and never started."""
        for minion_id in ids:
            self._queue.remove(minion_id)
            self._started += 1
            self.missing[minion_id] = ABSENT

    def returned(self, minion_id: str, well: bool, now: float) -> bool:
        """Take in a return; True if it is the first of a minion that was started."""
        if self._running.pop(minion_id, None) is None:
            if minion_id not in self.missing:
                return False
            self._cut_off -= self.missing.pop(minion_id) == self._too_late  # late, but there
        else:
            self._cool(now)
        self.returned_well[minion_id] = well
        self._bad += not well
        return True

    def answered(self, minion_id: str, jids: Collection[str], now: float) -> None:
        """A minion said which jobs it runs."""
        running = self._running.get(minion_id)
        if running is None or running.state != "asked":
            return
        if running.part in jids:
            running.state, running.until = "silent", now + self.plan.timeout
        else:
            running.state, running.until = "ended", now + GRACE

    def due(self, now: float) -> Due:
        """Say what to do now. A Start or Ask is said once; call again after it."""
        self._give_up(now)
        if self.deadline is not None and self.deadline.left(now) <= 0:
            self._cut()
            return self._finished()
        while self._cooling and self._cooling[0] <= now:
            self._cooling.popleft()
        count = self._places()
        if count > 0:
            return Start(tuple(self._queue[index] for index in range(count)))
        if not self._running and (not self._queue or self.is_stopped):
            return self._finished()
        asked = self._whom_to_ask(now)
        return Ask(asked) if asked else Wait(self._patience(now))

    @property
    def _too_late(self) -> str | None:
        return None if self.deadline is None else past_deadline(self.deadline.seconds)

    def _cut(self) -> None:
        """Wait for nobody any more."""
        for minion_id in self._running:
            self.missing[minion_id] = str(self._too_late)
        self._cut_off += len(self._running)
        self._running.clear()

    def _finished(self) -> Finished:
        left = tuple(self._queue)
        return Finished(left, late=bool(left or self._cut_off) and not self.is_stopped)

    def _places(self) -> int:
        if not self._queue or self.is_stopped:
            return 0
        free = self.plan.most_at_once(len(self.minions)) - len(self._running) - len(self._cooling)
        return max(0, min(free, self._stage_end() - self._started, len(self._queue)))

    def _stage_end(self) -> int:
        """Return how many may have been started by now: a stage ends when all of it ended."""
        ended = self._started - len(self._running)
        for end in self.plan.stages(len(self.minions)):
            if ended < end:
                return end
        return len(self.minions)

    def _whom_to_ask(self, now: float) -> tuple[str, ...]:
        if now < self._next_question:
            return ()
        silent = [
            minion_id
            for minion_id, running in self._running.items()
            if running.state == "silent" and running.until <= now
        ]
        for minion_id in silent:
            running = self._running[minion_id]
            running.state, running.until = "asked", now + self.plan.gather_job_timeout
        if silent:
            # One question for all who are silent, however little apart they were started.
            self._next_question = now + min(max(self.plan.timeout, 0.2), 1.0)
        return tuple(silent)

    def _give_up(self, now: float) -> None:
        for minion_id, running in list(self._running.items()):
            if running.state != "silent" and running.until <= now:
                del self._running[minion_id]
                self.missing[minion_id] = NOT_RUNNING if running.state == "ended" else NO_ANSWER
                self._cool(now)

    def _cool(self, now: float) -> None:
        if self.plan.wait > 0:
            self._cooling.append(now + self.plan.wait)

    def _patience(self, now: float) -> float:
        times = [
            max(running.until, self._next_question) if running.state == "silent" else running.until
            for running in self._running.values()
        ]
        if self._cooling and self._queue:
            times.append(self._cooling[0])
        first = min(times, default=now + 1.0)
        if self.deadline is not None:
            first = min(first, self.deadline.until)
        return max(0.0, first - now)
