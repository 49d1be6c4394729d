"""
Say what became of a job here, for a master that waits for its return.

Interactions: the answer to ``saltutil.find_job`` stays what it is in Salt, {} for a job that does
not run; beside it goes this map, in a field of the return that stock masters ignore.

    {"state": "running", "seconds": 3.2}    {"state": "queued", "position": 1}
    {"state": "unmatched"}                  heard, and not meant for us
    {"state": "waiting"}                    ended; its return is not acknowledged yet
    {"state": "refused", "reason": "…"}     ended; the master does not take its return
    {"state": "ended"}                      ended; the master acknowledged the return
    {"state": "unknown"}                    not heard of since this daemon started
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

FIELD = "txsalt"
Fate = dict[str, Any]

_REMEMBERED = 1000  # jobs


class JobFate:
    """Remembers the last jobs that came by."""

    def __init__(self, trouble: Callable[[str], str | None]) -> None:
        """``trouble(jid)``: None: no return waits; "": one does; a text: why it is refused."""
        self._trouble = trouble
        self._heard: OrderedDict[str, bool] = OrderedDict()

    def heard(self, jid: str, *, is_ours: bool) -> None:
        """Note a publication that could be read."""
        self._heard[jid] = is_ours
        self._heard.move_to_end(jid)
        while len(self._heard) > _REMEMBERED:
            self._heard.popitem(last=False)

    def of(self, jid: str) -> Fate:
        """Return the fate of a job that neither runs nor is queued."""
        trouble = self._trouble(jid)
        if trouble is not None:
            return {"state": "refused", "reason": trouble} if trouble else {"state": "waiting"}
        match self._heard.get(jid):
            case None:
                return {"state": "unknown"}
            case True:
                return {"state": "ended"}
            case _:
                return {"state": "unmatched"}
