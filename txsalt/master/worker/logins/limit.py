"""
Slow down who guesses passwords: after some failures a name is refused unseen for a while.

Failures with many names cost the worker time (PAM makes each wait for seconds), and it is the
minions who would wait. So all failures together may take only a part of it.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable

MOST_FAILURES = 5
MOST_SECONDS = 6.0  # of a worker's time, in each window
WINDOW = 60.0  # seconds
_MOST_NAMES = 10_000


class FailureLimit:
    """Failures by name; bounded, since names are chosen by who asks."""

    def __init__(self) -> None:
        self._failures: OrderedDict[Hashable, list[float]] = OrderedDict()
        self._spent: deque[tuple[float, float]] = deque()

    def allows(self, name: Hashable, now: float) -> bool:
        """Tell whether another try may be looked at."""
        while self._spent and now - self._spent[0][0] >= WINDOW:
            self._spent.popleft()
        if sum(seconds for _, seconds in self._spent) >= MOST_SECONDS:
            return False
        recent = [each for each in self._failures.get(name, ()) if now - each < WINDOW]
        return len(recent) < MOST_FAILURES

    def failed(self, name: Hashable, now: float, seconds: float) -> None:
        """Count a failure that took so many seconds to find out."""
        times = self._failures.setdefault(name, [])
        times.append(now)
        del times[:-MOST_FAILURES]
        self._failures.move_to_end(name)
        while len(self._failures) > _MOST_NAMES:
            self._failures.popitem(last=False)
        self._spent.append((now, seconds))
        if len(self._spent) > _MOST_NAMES:
            self._spent.popleft()

    def succeeded(self, name: Hashable) -> None:
        """Forget the failures of a name."""
        self._failures.pop(name, None)
