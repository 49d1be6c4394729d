"""
Count, for one who watches a batch, to whom the job was sent, who runs it and who waits.

Pure: the state of the batch comes now and then, parts and returns in between.
"""

from collections.abc import Collection, Mapping
from typing import Any  # a batch's state is a map of any msgpack value

from txsalt.client.steps import Waiting
from txsalt.jobs.gather import ABSENT
from txsalt.light import define, field


@define(eq=False)
class Turns:
    """Whose turn it was, and who is done; ``returned`` are those whose return was seen."""

    total: int
    returned: set[str] = field(init=False, factory=set)
    _running: set[str] = field(init=False, factory=set)
    _queued: set[str] = field(init=False, factory=set)
    _missing: set[str] = field(init=False, factory=set)
    _absent: int = field(init=False, default=0)  # of the missing, those it was not sent to

    @classmethod
    def of(cls, total: int, found: Mapping[str, Any]) -> "Turns":
        """Begin with the state ``found`` (master/worker/commands/batches.py)."""
        made = cls(total)
        made.look(found)
        return made

    def look(self, found: Mapping[str, Any]) -> None:
        """Take in a state of the batch; {} where the master does not say it now."""
        if found:
            self._running = set(found["running"]) - self.returned
            self._queued = set(found["waiting"]) - self.returned
            self._missing = set(found["missing"])
            self._absent = sum(why == ABSENT for why in found["missing"].values())

    def started(self, ids: Collection[str]) -> None:
        """These were sent the job. What comes late may be of some who are done by now."""
        self._queued.difference_update(ids)
        self._running.update(set(ids) - self.returned - self._missing)

    def done(self, minion: str) -> bool:
        """Take in a return; True if it is the first of its minion."""
        self._running.discard(minion)
        self._queued.discard(minion)
        if minion in self.returned:
            return False
        self.returned.add(minion)
        return True

    def news(self) -> Waiting:
        """Return how many have what part in it now."""
        sent = self.total - len(self._queued) - self._absent
        return Waiting(running=len(self._running), sent=sent, queued=len(self._queued))
