"""
Ranges of time in which a job may run, or may not.
"""

from collections.abc import Mapping
from datetime import tzinfo

from txsalt.light import frozen
from txsalt.schedule import moment
from txsalt.schedule.moment import Moment

_DAY = 86400.0


@frozen(kw_only=True)
class Window:
    """
    From ``start`` to the ``end`` that follows it, both included; ``invert``: all but that.

    Two times of the day are a range of each day, maybe over midnight; two with weekdays one of
    each week.
    """

    start: Moment
    end: Moment
    invert: bool = False

    def holds(self, at: float, zone: tzinfo) -> bool:
        """Tell whether a Unix time is in it."""
        end = self._end_of_last(at, zone)
        return (end is not None and at <= end) != self.invert

    def end_of(self, at: float, zone: tzinfo) -> float | None:
        """Return when the range around ``at`` ends; None without an end to come."""
        if self.invert:
            return self.start.after(at, zone)
        end = self._end_of_last(at, zone)
        return end if end is not None and end >= at else None

    def _end_of_last(self, at: float, zone: tzinfo) -> float | None:
        """Return the end of the range that began last, None if none did yet."""
        start = self._last_start(at, zone)
        return None if start is None else self.end.after(start, zone)

    def _last_start(self, at: float, zone: tzinfo) -> float | None:
        found = None
        coming = self.start.after(at - self._span(), zone)
        while coming is not None and coming <= at:
            found, coming = coming, self.start.after(coming, zone)
        return found

    def _span(self) -> float:
        """Return for how long there may be no start."""
        if self.start.year is not None:
            return _DAY * 366 * 200
        if self.start.month is not None:
            return _DAY * 366 * 8
        return _DAY * (2 if self.start.weekday is None else 9)


def read(value: object, what: str) -> Window:
    """
    Read a map with ``start``, ``end`` and maybe ``invert``; ``what`` names it in errors.

    Raises ValueError and BadMoment.
    """
    if not isinstance(value, Mapping) or "start" not in value or "end" not in value:
        raise ValueError(f"{what} is no map with start and end")
    start, end = moment.read(value["start"]), moment.read(value["end"])
    fixed = start.year is not None and end.year is not None
    if fixed and start.zone == end.zone and _order(end) <= _order(start):
        raise ValueError(f"the end of {what} is not after its start")
    return Window(start=start, end=end, invert=bool(value.get("invert")))


def _order(each: Moment) -> tuple[object, ...]:
    return (each.year, each.month, each.day, each.clock)
