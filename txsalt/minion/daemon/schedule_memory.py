"""
What the minion remembers of scheduled jobs over a restart: ``{cachedir}/schedule.json``.

Written before a job starts: after a crash it has run once at most.
"""

import contextlib
import json
import os
from collections.abc import Iterable

from twisted.logger import Logger

from txsalt.schedule.progress import Progress, read_progress

_FORGOTTEN = 90 * 86400.0  # seconds after which a job that is gone is forgotten


class ScheduleMemory:
    """``jobs`` maps names to what is known of them."""

    log = Logger()

    def __init__(self, path: str) -> None:
        """Touches nothing yet."""
        self._path = path
        self._kept: dict[str, Progress] = {}
        self.jobs: dict[str, Progress] = {}

    def read(self) -> None:
        """Read the file; what it does not hold, or not as it should, is not known."""
        try:
            with open(self._path, encoding="utf-8") as file:
                content = json.load(file)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as exc:
            self.log.warn("{path} cannot be read: {reason}", path=self._path, reason=exc)
            return
        if isinstance(content, dict):
            found = {name: read_progress(value) for name, value in content.items()}
            self.jobs = {name: each for name, each in found.items() if each is not None}
            self._kept = dict(self.jobs)

    def save(self, names: Iterable[str], now: float) -> None:
        """Write what changed; of jobs that are not among ``names`` only what is not too old."""
        names = set(names)
        self.jobs = {
            name: each
            for name, each in self.jobs.items()
            if name in names or each.considered > now - _FORGOTTEN
        }
        if self.jobs == self._kept:
            return
        self._kept = dict(self.jobs)
        try:
            self._write({name: each.as_map() for name, each in self.jobs.items()})
        except OSError as exc:
            # The jobs matter more.
            self.log.error(
                "{path} cannot be written, a restart may repeat scheduled jobs: {reason}",
                path=self._path,
                reason=exc.strerror or exc,
            )

    def _write(self, content: dict[str, object]) -> None:
        beside = f"{self._path}.new"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file)
            os.replace(beside, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
