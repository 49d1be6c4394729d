"""
Note whose requests were authenticated, and tell the daemon about once a second.
"""

from collections.abc import Callable

_EVERY = 1.0  # seconds


class Heard:
    """The minions that one worker heard and has not told yet."""

    def __init__(
        self, clock: Callable[[], float], tell: Callable[[dict[str, float]], None]
    ) -> None:
        """``tell`` gets Unix times by id."""
        self._clock = clock
        self._tell = tell
        self._times: dict[str, float] = {}
        self._due = 0.0

    @property
    def waiting(self) -> bool:
        """Whether ``flush`` has something to tell, now or soon."""
        return bool(self._times)

    def note(self, minion_id: str) -> None:
        """A request of this id was authenticated."""
        self._times[minion_id] = self._clock()

    def flush(self) -> None:
        """Tell, unless that was done less than a second ago."""
        now = self._clock()
        # A clock that was set back must not silence us.
        if not self._times or self._due - _EVERY <= now < self._due:
            return
        self._due = now + _EVERY
        self.finish()

    def finish(self) -> None:
        """Tell at once: the worker ends, and nobody else knows whom it heard."""
        times, self._times = self._times, {}
        if times:
            self._tell(times)
