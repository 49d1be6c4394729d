"""
Decide when a program that ended is started again.

Interactions: the owner reports facts (started, ended, stop) with the time and a random number, and
carries out the answer. A program that lived is replaced at once; one that dies young is started
less and less often, and never given up.
"""

from attrs import define, frozen

LONG_LIFE = 10.0  # seconds of life after which earlier deaths are forgotten
FIRST_DELAY = 0.1  # seconds
LONGEST_DELAY = 30.0  # seconds
_DOUBLINGS = 20  # beyond which the delay is the longest anyway


@frozen
class Spawn:
    """Start the program ``delay`` seconds from now."""

    delay: float


@frozen
class Finished:
    """Nothing is left to do: the program ended and shall not come back."""


@define
class ChildLife:
    """One place in a pool, over all the programs that fill it in turn."""

    young_deaths: int = 0
    _started_at: float | None = None
    _stopping: bool = False

    def start(self) -> Spawn:
        """Begin."""
        return Spawn(0.0)

    def started(self, now: float) -> None:
        """The program runs since ``now`` (seconds of a clock that never goes back)."""
        self._started_at = now

    def ended(self, now: float, jitter: float) -> Spawn | Finished:
        """
        The program ended, or could not be started (then there was no ``started``).

        ``jitter`` is random in [0, 1) and shortens a delay by up to half, so that programs that die
        of one cause do not come back as one herd.
        """
        lived = now - self._started_at if self._started_at is not None else 0.0
        self._started_at = None
        if self._stopping:
            return Finished()
        if lived >= LONG_LIFE:
            self.young_deaths = 0
            return Spawn(0.0)
        self.young_deaths += 1
        doubled = FIRST_DELAY * 2 ** min(self.young_deaths - 1, _DOUBLINGS)
        return Spawn(min(doubled, LONGEST_DELAY) * (1 - jitter / 2))

    def stop(self) -> Finished | None:
        """Do not start again. Finished at once if no program runs, else its end will say so."""
        self._stopping = True
        return Finished() if self._started_at is None else None
