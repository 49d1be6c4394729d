"""
What can be wrong with the schedule.
"""

from txsalt.errors import LocalError
from txsalt.light import frozen


@frozen
class BadEntry(LocalError):
    """A scheduled job that cannot be understood; ``reason`` completes "job x: …"."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"scheduled job {self.name}: {self.reason}"


@frozen
class BadMoment(LocalError):
    """A text that is no time."""

    text: str

    def __str__(self) -> str:
        return f"{self.text!r} is no time that is understood, such as 2027-01-31 17:00 or Mon 5pm"
