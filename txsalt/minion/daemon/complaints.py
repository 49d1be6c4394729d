"""
Count what peers send that is refused, and log it without letting them fill the log.
"""

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

INTERVAL = 60.0  # seconds


class Complaints:
    """One line a minute at most: how many were refused since the last, and the newest reason."""

    def __init__(self, clock: IReactorTime, log: Logger, what: str) -> None:
        """``what`` is a plural and its verb, as in "frames were dropped"."""
        self.total = 0
        self._clock = clock
        self._log = log
        self._what = what
        self._since = 0
        self._next = 0.0

    def about(self, reason: str) -> None:
        """Count one refusal."""
        self.total += 1
        self._since += 1
        now = self._clock.seconds()
        if self._next - INTERVAL <= now < self._next:  # else the clock was set back
            return
        self._log.warn(
            "{count} {what}; the last one: {reason}",
            count=self._since,
            what=self._what,
            reason=reason,
        )
        self._since = 0
        self._next = now + INTERVAL
