"""
When a job is due, before splay and ranges: every so often, at moments, or by cron.

All three answer ``after(then, zone)``: the first due time later than ``then``, in Unix seconds, or
None. ``then`` of an interval is the due time before.
"""

from datetime import datetime, tzinfo

from cronsim import CronSim, CronSimError

from txsalt.light import frozen
from txsalt.schedule.moment import Moment

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LATEST = 253402200000.0  # in the year 9999; later times have no date


@frozen
class Every:
    """Each ``seconds``, whatever the clocks on the wall do."""

    seconds: float

    def after(self, then: float, zone: tzinfo) -> float | None:
        """Return the next due time."""
        return then + self.seconds


@frozen
class At:
    """At each of some moments."""

    moments: tuple[Moment, ...]

    def after(self, then: float, zone: tzinfo) -> float | None:
        """Return the next due time."""
        if then >= _LATEST:
            return None
        coming = [each.after(then, zone) for each in self.moments]
        return min((each for each in coming if each is not None), default=None)


@frozen
class Cron:
    """
    By a cron expression, in the zone of the machine.

    Five fields as in Debian's cron, which also says what happens when clocks change: a job of a
    fixed hour runs once, right after a jump and not again after a step back; others follow the
    clock. A sixth field at the end are seconds, as Salt has it.
    """

    fields: str  # as cronsim reads them: of six, seconds first

    def after(self, then: float, zone: tzinfo) -> float | None:
        """Return the next due time."""
        if not 0 <= then < _LATEST:
            return None
        coming = CronSim(self.fields, datetime.fromtimestamp(then, zone))
        # More than one look only around a change of the clocks.
        for due in coming:
            if (stamp := due.timestamp()) > then:
                return stamp
        return None


Timing = Every | At | Cron


def read_cron(text: object) -> Cron:
    """Read a cron expression. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("cron is no text")
    parts = _NAMED.get(text.strip().lower(), text).split()
    if len(parts) == 6:
        parts = [parts[5], *parts[:5]]
    fields = " ".join(parts)
    try:
        next(CronSim(fields, datetime(2024, 1, 1)))
    except CronSimError as exc:
        raise ValueError(f"the cron expression {text!r}: {exc}") from None
    except StopIteration:
        raise ValueError(f"the cron expression {text!r} never comes") from None
    return Cron(fields)
