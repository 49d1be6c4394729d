"""
When a scheduled job runs next, and which runs are due now.

A job's due times follow from its timing alone; ``considered`` is the last of them that was dealt
with. A run starts at its due time and a delay (splay). What is found up to LATE seconds after that
is on time; what is later was missed, and the job's ``missed`` says what becomes of it:

    skip   nothing                    (the default of when, cron and once)
    once   one run, now               (the default of intervals)
    all    each of them, up to MOST; the oldest first

Of several that are due at once, and not missed, only the last is run. Ranges and the like decide at
the time of the run (``obstacle``).

Clocks that are set back do not make jobs run twice, unless by more than STEP seconds: then the
times up to which runs were dealt with are those of a clock that was wrong.
"""

from collections.abc import Iterator
from datetime import tzinfo

from txsalt.light import frozen
from txsalt.schedule import splay
from txsalt.schedule.entry import ALL, SKIP, Entry
from txsalt.schedule.timing import Every

LATE = 120.0  # seconds
STEP = 3 * 3600.0  # seconds
MOST = 100  # missed runs that are made up for


@frozen
class Due:
    """A run: when it is due by its timing, and with its delay. Unix times."""

    nominal: float
    at: float


@frozen(kw_only=True)
class Settled:
    """What is to be done at a time; ``missed`` tells that runs were left out."""

    runs: tuple[Due, ...] = ()
    considered: float
    missed: bool = False


@frozen(kw_only=True)
class Place:
    """Where the job is: the zone of its clock, and the minion's name for its delays."""

    zone: tzinfo
    minion_id: str = ""


def next_due(entry: Entry, considered: float, place: Place) -> Due | None:
    """Return the run after ``considered``, None if there is none."""
    nominal = entry.timing.after(considered, place.zone)
    if nominal is None:
        return None
    seed = f"{place.minion_id}/{entry.name}/{nominal:.0f}"
    return Due(nominal, nominal + splay.delay(entry.splay, seed))


def rebased(entry: Entry, considered: float, now: float) -> float:
    """Return ``considered`` as it counts at ``now``, which may be before it."""
    if considered <= now:
        return considered
    # The interval would be longer by the step; a time of the day would come again.
    if isinstance(entry.timing, Every) or considered - now > STEP:
        return now
    return considered


def settle(entry: Entry, considered: float, now: float, place: Place) -> Settled:
    """Return what is due at ``now``; nothing if ``runs`` is empty and ``considered`` the same."""
    considered = rebased(entry, considered, now)
    first = next_due(entry, considered, place)
    if first is None or first.at > now:
        return Settled(considered=considered)
    if entry.missed == ALL:
        return _settle_all(entry, considered, now, place)
    last = _last_due(entry, considered, now, place)
    if last is None:
        # All were missed, and the last of them long ago.
        runs = () if entry.missed == SKIP else (Due(first.nominal, now),)
        return Settled(
            runs=runs, considered=_before_recent(entry, considered, now), missed=not runs
        )
    is_on_time = last.at >= now - LATE
    runs = (last,) if is_on_time or entry.missed != SKIP else ()
    return Settled(runs=runs, considered=last.nominal, missed=first != last or not runs)


def obstacle(entry: Entry, at: float, place: Place) -> str:
    """Say why a job does not run at ``at``, as ``schedule.job_status`` does; "" if it runs."""
    zone = place.zone
    if not entry.enabled:
        return "disabled"
    if entry.range is not None and not entry.range.holds(at, zone):
        return "in_skip_range" if entry.range.invert else "not_in_range"
    if entry.skip_during_range is not None and entry.skip_during_range.holds(at, zone):
        return "in_skip_range"
    if entry.until is not None and entry.until.on(at, zone) <= at:
        return "until_passed"
    if entry.after is not None and entry.after.on(at, zone) >= at:
        return "after_not_passed"
    return ""


def preview(
    entry: Entry, considered: float, now: float, place: Place, count: int = 1
) -> list[float]:
    """Return the next ``count`` times at which the job runs; fewer if there are not so many."""
    found: list[float] = []
    considered = max(rebased(entry, considered, now), _before_recent(entry, considered, now))
    for due in _dues(entry, considered, place):
        at = max(due.at, now)
        if not obstacle(entry, at, place):
            found.append(at)
        if len(found) == count:
            break
        if entry.until is not None and obstacle(entry, at, place) == "until_passed":
            break
    return found


def _dues(entry: Entry, considered: float, place: Place, most: int = 10_000) -> Iterator[Due]:
    due = next_due(entry, considered, place)
    while due is not None and most:
        yield due
        most -= 1
        due = next_due(entry, due.nominal, place)


def _settle_all(entry: Entry, considered: float, now: float, place: Place) -> Settled:
    runs: list[Due] = []
    for due in _dues(entry, considered, place):
        if due.at > now:
            return Settled(runs=tuple(runs), considered=runs[-1].nominal)
        if len(runs) == MOST:
            break
        runs.append(due)
    else:
        return Settled(runs=tuple(runs), considered=runs[-1].nominal)
    last = _last_due(entry, considered, now, place)
    skipped_to = last.nominal if last is not None else _before_recent(entry, considered, now)
    return Settled(runs=tuple(runs), considered=max(skipped_to, runs[-1].nominal), missed=True)


def _last_due(entry: Entry, considered: float, now: float, place: Place) -> Due | None:
    """Return the last run up to ``now``, None if the last one is long ago."""
    last = None
    for due in _dues(entry, _before_recent(entry, considered, now), place):
        if due.at > now:
            break
        last = due
    return last


def _before_recent(entry: Entry, considered: float, now: float) -> float:
    """Return a time from which on runs may still be on time; an interval keeps its beat."""
    recent = now - LATE - entry.splay.most - 1
    if recent <= considered:
        return considered
    if isinstance(entry.timing, Every):
        beats = (recent - considered) // entry.timing.seconds
        return considered + beats * entry.timing.seconds
    return recent
