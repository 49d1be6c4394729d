"""
Run jobs by the clock: the schedule of the configuration, of the pillar, and what jobs add to it.

Interactions: the pure rules are in ``txsalt.schedule``; this service waits for the earliest time,
notes what it is about to do, and starts it. It looks at the clock at least once a minute, as the
clock of the machine may be set (``process.steady``: that does not move its timers). It begins with
the first pillar, or a minute after the start.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txsalt.light import evolve, frozen
from txsalt.minion.daemon.schedule_book import ScheduleBook
from txsalt.minion.daemon.schedule_memory import ScheduleMemory
from txsalt.minion.daemon.scheduled_runs import ScheduledRuns
from txsalt.schedule.entry import ALL, SKIP, Entry
from txsalt.schedule.next_run import LATE, Due, Place, next_due, obstacle, preview, settle
from txsalt.schedule.progress import Progress
from txsalt.schedule.timing import Every
from txsalt.schedule.zone import local_zone

_LONGEST_WAIT = 60.0  # seconds
_START_PATIENCE = 60.0  # seconds
_ON_TIME = 1.0  # seconds: later than that, a run has waited
# A range keeps the job off, and another function may run in its place.
_RANGES = frozenset({"in_skip_range", "not_in_range", "skip_explicit"})

_MAXRUNNING = "maxrunning"
_WHY = {_MAXRUNNING: "earlier runs have not ended (maxrunning); its next runs may be left out, too"}


@frozen
class _Skipped:
    """Why and when a run was left out."""

    reason: str
    at: float


@frozen
class _Wish:
    """A run that is due, unless something speaks against it."""

    entry: Entry
    due: Due
    at_start: bool = False  # then no range counts


class Schedule(Service):
    """The clock of the minion."""

    name = "schedule"
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        minion_id: str,
        book: ScheduleBook,
        memory: ScheduleMemory,
        runs: ScheduledRuns,
        *,
        before_connect: bool = False,
        zone: Callable[[], tzinfo] = local_zone,
    ) -> None:
        """Nothing runs before ``startService``, nor before ``begin`` unless ``before_connect``."""
        self._clock = clock
        self._minion_id = minion_id
        self._book = book
        self._memory = memory
        self._runs = runs
        runs.when_ended(self._ended)
        self._before_connect = before_connect
        self._zone = zone
        self._timer: IDelayedCall | None = None
        self._patience: IDelayedCall | None = None
        self._begun = False
        self._master_came = False
        self._seen: set[str] = set()
        self._troubled: set[str] = set()
        self._skipped: dict[str, _Skipped] = {}

    def startService(self) -> None:
        """Remember, and wait for the sign-in."""
        super().startService()
        self._memory.read()
        if self._before_connect:
            self.begin()
        else:
            self._patience = self._clock.callLater(_START_PATIENCE, self.begin)

    def stopService(self) -> None:
        """Start nothing any more. Twice is no error."""
        super().stopService()
        self._begun = False
        for timer in (self._timer, self._patience):
            if timer is not None and timer.active():
                timer.cancel()

    def begin(self) -> None:
        """Run jobs from now on."""
        if not self.running or self._begun:
            return
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        self._begun = True
        self._look()

    def master_came(self) -> None:
        """The minion is signed in; next comes the pillar."""
        self._master_came = True

    def facts_came(self) -> None:
        """Grains or pillar are new."""
        if self._master_came:
            self.begin()

    def look_again(self) -> None:
        """The jobs changed."""
        if self._begun:
            self._wait(0)

    def run_now(self, name: str) -> str:
        """Run a job at once, if not too many of it run; return its jid, or "". Raises KeyError."""
        entry = self._book.entries[name]
        if self._is_full(entry):
            self._skip(entry, _MAXRUNNING, self._clock.seconds())
            return ""
        now = self._clock.seconds()
        progress = self._memory.jobs.get(name) or Progress(considered=now)
        self._memory.jobs[name] = evolve(progress, last_run=now)
        self._memory.save(self._book.entries, now)
        return self._runs.start(entry, entry.function, self._zone())

    def skip_at(self, name: str, at: float) -> None:
        """Leave out the run of a job at a Unix time."""
        self._change(name, lambda progress: progress.with_skip(at))

    def run_at(self, name: str, at: float) -> None:
        """Run a job at a Unix time, besides its own times."""
        self._change(name, lambda progress: progress.with_extra(at))

    def forget(self, name: str) -> None:
        """A job was deleted."""
        self._memory.jobs.pop(name, None)
        self._skipped.pop(name, None)
        self._seen.discard(name)

    def coming(self, name: str, count: int = 1) -> list[float]:
        """Return the next times of a job, as Unix times. Raises KeyError."""
        entry, now = self._book.entries[name], self._clock.seconds()
        if not self._book.is_enabled:
            return []
        progress = self._memory.jobs.get(name) or Progress(considered=now)
        found = preview(entry, progress.considered, now, self._place(), count + len(progress.skips))
        times = [at for at in found if not _is_in(progress.skips, at)]
        return sorted({*times, *(at for at in progress.extra if at >= now)})[:count]

    def status(self, name: str) -> dict[str, Any]:
        """Return what is known of a job's runs; times are Unix times. Raises KeyError."""
        coming = self.coming(name)
        progress, skipped = self._memory.jobs.get(name), self._skipped.get(name)
        found: dict[str, Any] = {"_next_fire_time": coming[0] if coming else None}
        found["_last_run"] = progress.last_run if progress is not None else None
        found["_running"] = self._runs.running(name)
        if skipped is not None:
            found |= {"_skipped": True, "_skip_reason": skipped.reason}
            found["_skipped_time"] = skipped.at
        return found

    def _change(self, name: str, change: Callable[[Progress], Progress]) -> None:
        now = self._clock.seconds()
        progress = self._memory.jobs.get(name) or Progress(considered=now)
        self._memory.jobs[name] = change(progress)
        self._memory.save(self._book.entries, now)
        self.look_again()

    def _look(self) -> None:
        wait = _LONGEST_WAIT
        try:
            wait = self._run_due()
        except Exception:  # the edge: a zone that cannot be read now must not end the schedule
            self.log.failure("the schedule is looked at again in a minute")
        self._wait(wait)

    def _run_due(self) -> float:
        """Start what is due; return the seconds until something is next."""
        now, place = self._clock.seconds(), self._place()
        wishes: list[_Wish] = []
        self._troubled.clear()
        for entry in self._book.entries.values():
            try:
                wishes += self._due(entry, now, place)
            except Exception:  # the edge: no job keeps the others from their time
                self._troubled.add(entry.name)
                self.log.failure("scheduled job {name} is left out", name=entry.name)
        chosen = self._choose(wishes, now, place)
        for entry, _ in chosen:
            self._skipped.pop(entry.name, None)
            self._memory.jobs[entry.name] = evolve(self._memory.jobs[entry.name], last_run=now)
        self._memory.save(self._book.entries, now)
        for entry, function in chosen:
            jid = self._runs.start(entry, function, place.zone)
            self.log.info("scheduled job {name} is job {jid}", name=entry.name, jid=jid)
        return self._seconds_to_next(now, place)

    def _due(self, entry: Entry, now: float, place: Place) -> list[_Wish]:
        progress = self._memory.jobs.get(entry.name)
        is_first = entry.name not in self._seen
        self._seen.add(entry.name)
        if progress is None:
            progress = Progress(considered=now)
            starts = isinstance(entry.timing, Every) and entry.run_on_start is not False
        else:
            starts = False
        if starts or (is_first and entry.run_on_start):
            # The beat begins here; of what was missed, each run follows the one at the start.
            missed = settle(entry, progress.considered, now, place).runs
            kept = [due.at for due in missed if entry.missed == ALL and due.at < now]
            self._memory.jobs[entry.name] = evolve(
                progress, considered=now, extra=tuple(sorted({*progress.extra, *kept}))
            )
            return [_Wish(entry, Due(now, now), at_start=True)]
        settled = settle(entry, progress.considered, now, place)
        if settled.missed:
            self.log.warn("runs of scheduled job {name} were missed", name=entry.name)
        late = [at for at in progress.extra if at <= now]
        extra = [at for at in late if at >= now - LATE or entry.missed != SKIP]
        dues = [*settled.runs, *(Due(at, at) for at in extra)]
        kept = self._without_room(entry, dues, now) if entry.missed == ALL else []
        self._memory.jobs[entry.name] = evolve(
            progress,
            considered=settled.considered,
            extra=tuple(sorted({*(at for at in progress.extra if at > now), *kept})),
        )
        return [_Wish(entry, due) for due in dues if due.at not in kept]

    def _without_room(self, entry: Entry, dues: list[Due], now: float) -> list[float]:
        """List the times of missed runs that wait until earlier ones have ended."""
        room = max(0, entry.maxrunning - self._runs.running(entry.name))
        times = sorted(due.at for due in dues) if entry.jid_include else []
        return [at for at in times[room:] if at < now - _ON_TIME]

    def _ended(self, name: str) -> None:
        progress, now = self._memory.jobs.get(name), self._clock.seconds()
        if progress is not None and any(at <= now for at in progress.extra):
            self.look_again()

    def _choose(self, wishes: list[_Wish], now: float, place: Place) -> list[tuple[Entry, str]]:
        chosen: list[tuple[Entry, str]] = []
        for wish in wishes:
            entry, function = wish.entry, wish.entry.function
            reason = self._obstacle(wish, now, place)
            if reason in _RANGES and self._book.skip_function:
                reason, function = "", self._book.skip_function
            planned = sum(each.name == entry.name for each, _ in chosen)
            if not reason and self._is_full(entry, planned):
                reason = _MAXRUNNING
            if reason:
                self._skip(entry, reason, now)
            elif not entry.dry_run:
                chosen.append((entry, function))
            progress = self._memory.jobs[entry.name]
            skips = tuple(at for at in progress.skips if at > now - LATE)
            self._memory.jobs[entry.name] = evolve(progress, skips=skips)
        return chosen

    def _obstacle(self, wish: _Wish, now: float, place: Place) -> str:
        entry = wish.entry
        if not self._book.is_enabled or not entry.enabled:
            return "disabled"
        if wish.at_start:
            return ""
        reason = obstacle(entry, now, place)
        if reason == "in_skip_range" and entry.run_after_skip_range:
            self._run_after_range(entry, now, place)
        skips = self._memory.jobs[entry.name].skips
        is_skipped = _is_in(skips, wish.due.nominal) or _is_in(skips, wish.due.at)
        return reason or ("skip_explicit" if is_skipped else "")

    def _run_after_range(self, entry: Entry, now: float, place: Place) -> None:
        window = entry.skip_during_range
        end = window.end_of(now, place.zone) if window is not None else None
        if end is not None:
            progress = self._memory.jobs[entry.name]
            self._memory.jobs[entry.name] = progress.with_extra(end + 1)

    def _is_full(self, entry: Entry, planned: int = 0) -> bool:
        if not entry.jid_include:
            return False
        return self._runs.running(entry.name) + planned >= entry.maxrunning

    def _skip(self, entry: Entry, reason: str, now: float) -> None:
        before = self._skipped.get(entry.name)
        self._skipped[entry.name] = _Skipped(reason, now)
        # Nobody asked for this, as for the other reasons: it is told once, until a run comes again.
        is_news = reason == _MAXRUNNING and (before is None or before.reason != reason)
        say = self.log.warn if is_news else self.log.debug
        why = _WHY.get(reason, reason)
        say("scheduled job {name} is left out: {why}", name=entry.name, why=why)

    def _seconds_to_next(self, now: float, place: Place) -> float:
        coming = [now + _LONGEST_WAIT]
        for name, entry in self._book.entries.items():
            progress = self._memory.jobs.get(name)
            if progress is not None and name not in self._troubled:
                due = next_due(entry, progress.considered, place)
                # Those that wait for room are looked at when a run ends.
                coming += [at for at in progress.extra if at > now]
                coming += [due.at] if due is not None else []
        return max(0.0, min(coming) - now)

    def _wait(self, seconds: float) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._clock.callLater(seconds, self._look)

    def _place(self) -> Place:
        return Place(zone=self._zone(), minion_id=self._minion_id)


def _is_in(times: tuple[float, ...], at: float) -> bool:
    return any(abs(each - at) < 1 for each in times)
