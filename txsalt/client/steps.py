"""
What can happen to a job, as the client tells it; and what a job is asked to be.
"""

from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import RequestRefused
from txsalt.jobs import reasons
from txsalt.jobs.reasons import Reason
from txsalt.light import field, frozen

UNKNOWN_ID = reasons.NO_KEY


@frozen(kw_only=True)
class Job:
    """
    What is to be run where.

    ``timeout``: seconds of silence before minions are asked, None: as configured. ``deadline``:
    seconds from now after which nobody waits, and our minions end the job; None: no deadline.
    ``extra``: more of what a publication may carry (``metadata``, ``module_executors``, …).
    """

    tgt: str | list[str]
    fun: str | list[str]
    arg: list[Any] = field(factory=list)
    tgt_type: str = "glob"
    delimiter: str = ":"
    timeout: float | None = None
    deadline: float | None = None
    ret: str = ""
    extra: dict[str, Any] = field(factory=dict)


def split_list(text: str) -> list[str]:
    """Return the ids of a list that is one text: with commas between them, or else blanks."""
    parts = text.split(",") if "," in text else text.split()
    return [each for part in parts if (each := part.strip())]


@frozen(kw_only=True)
class Published:
    """What the master says of a job that it published."""

    jid: str
    minions: list[str]
    missing: list[str]  # listed by name, but unknown to the master


@frozen(kw_only=True)
class Returned:
    """One minion's answer: the whole return load."""

    minion: str
    load: dict[str, Any]


@frozen(kw_only=True)
class Told:
    """A chunk of what a command of the job writes: see ``minion/jobrunner/live.py``."""

    minion: str
    data: dict[str, Any]


@frozen(kw_only=True)
class Waiting:
    """
    Nothing new; of those expected so many have said that they run the job.

    A batch tells, too, to how many it was sent, and how many wait for their turn; else it was sent
    to all.
    """

    running: int
    sent: int | None = None
    queued: int = 0


@frozen
class Ended:
    """The job is over; ``missing`` maps each minion that did not return to the reason."""

    missing: dict[str, Reason]


Step = Published | Returned | Told | Waiting | Ended


@frozen
class NobodyMatches(RequestRefused):
    """
    The master published nothing, since it knows no minion that the target means.

    ``missing`` are ids that the target names and that have no accepted key.
    """

    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text
