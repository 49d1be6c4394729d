"""
Slow down who guesses passwords: after some failures a name is refused unseen for a while.
"""

from collections import OrderedDict
from collections.abc import Hashable

MOST_FAILURES = 5
WINDOW = 60.0  # seconds
_MOST_NAMES = 10_000


class FailureLimit:
    """Failures by name; bounded, since names are chosen by who asks."""

    def __init__(self) -> None:
        self._failures: OrderedDict[Hashable, list[float]] = OrderedDict()

    def allows(self, name: Hashable, now: float) -> bool:
        """Tell whether another try may be looked at."""
        recent = [each for each in self._failures.get(name, ()) if now - each < WINDOW]
        return len(recent) < MOST_FAILURES

    def failed(self, name: Hashable, now: float) -> None:
        """Count a failure."""
        times = self._failures.setdefault(name, [])
        times.append(now)
        del times[:-MOST_FAILURES]
        self._failures.move_to_end(name)
        while len(self._failures) > _MOST_NAMES:
            self._failures.popitem(last=False)

    def succeeded(self, name: Hashable) -> None:
        """Forget the failures of a name."""
        self._failures.pop(name, None)
