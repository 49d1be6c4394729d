"""
What is kept of a scheduled job between its runs, and over a restart.
"""

from collections.abc import Mapping
from typing import Any  # what a file holds

from txsalt.light import evolve, frozen


@frozen(kw_only=True)
class Progress:
    """
    All in Unix seconds. ``considered``: the due time up to which runs were dealt with.

    ``extra`` are runs that were postponed to, or that follow a skipped range; at ``skips`` the job
    does not run.
    """

    considered: float
    last_run: float | None = None
    extra: tuple[float, ...] = ()
    skips: tuple[float, ...] = ()

    def as_map(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "considered": self.considered,
            "last_run": self.last_run,
            "extra": list(self.extra),
            "skips": list(self.skips),
        }

    def with_extra(self, at: float) -> "Progress":
        """Return it with one more run."""
        return evolve(self, extra=tuple(sorted({*self.extra, at})))

    def with_skip(self, at: float) -> "Progress":
        """Return it with one more time at which the job does not run."""
        return evolve(self, skips=tuple(sorted({*self.skips, at})))


def read_progress(value: object) -> Progress | None:
    """Read what ``as_map`` gave; None if it is something else."""
    if not isinstance(value, Mapping) or not _is_time(value.get("considered")):
        return None
    last_run: Any = value.get("last_run")
    return Progress(
        considered=float(value["considered"]),
        last_run=float(last_run) if _is_time(last_run) else None,
        extra=_times(value.get("extra")),
        skips=_times(value.get("skips")),
    )


def _times(value: object) -> tuple[float, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(sorted(float(each) for each in listed if _is_time(each)))


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
