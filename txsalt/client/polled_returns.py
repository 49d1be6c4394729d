"""
Hear of the returns of one's own jobs without the event bus, by asking the master again and again.

The bus carries everything, so who may do only some things has no access to it. The master answers
these questions for a user's own jobs without any rule.
"""

import re
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any  # event data is any msgpack value

from txsalt.errors import BusForbidden, RequestRefused
from txsalt.events import tags
from txsalt.wire import serial

if TYPE_CHECKING:
    from txsalt.client.session import Session

_RETURNS = re.compile(re.escape(tags.JOB_PREFIX) + r"([^/]+)/ret/")
_SOONEST, _LATEST, _SLOWER = 0.02, 0.5, 1.5  # seconds between questions, and how they grow


class PolledReturns:
    """What an EventBus offers to who follows a job."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._seen: dict[str, set[str]] = {}
        self._heard: deque[tuple[str, dict[str, Any]]] = deque()
        self._pause = _SOONEST

    def subscribe(self, prefix: str) -> None:
        """
        Hear of a job's returns. Raises BusForbidden for any other prefix.

        What a batch tells of itself is not heard; who watches one also looks how far it is.
        """
        if prefix.startswith(tags.BATCH_PREFIX):
            return
        match = _RETURNS.fullmatch(prefix)
        if match is None:
            reason = "this user may follow own jobs, but hear no events, as --stream needs"
            raise BusForbidden("the event bus", reason)
        self._seen[match[1]] = set()
        self._pause = _SOONEST

    def unsubscribe_all(self) -> None:
        """Hear of nothing more."""
        self._seen.clear()
        self._heard.clear()

    def wait_live(self, timeout: float = 0) -> None:
        """Return at once: what was missed is heard by the next question."""

    def receive(self, timeout: float | None) -> tuple[str, dict[str, Any]] | None:
        """Return the next return as the event it would be, or None after ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._heard:
            for jid in list(self._seen):
                self._look(jid)
            if self._heard:
                self._pause = _SOONEST
                break
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            time.sleep(self._pause if left is None else min(self._pause, left))
            self._pause = min(self._pause * _SLOWER, _LATEST)
        return self._heard.popleft()

    def close(self) -> None:
        """Forget everything."""
        self.unsubscribe_all()

    def _look(self, jid: str) -> None:
        # A probe that nobody was there for is no job, and the master does not speak of it.
        with suppress(RequestRefused):
            found = self._session.runner("jobs.show", jid=jid)
            new = sorted(set(found.get("outcomes") or ()) - self._seen[jid])
            after: str | None = "" if new else None
            while after is not None:
                page = self._session.runner("jobs.returns", jid=jid, after=after, ids=new)
                for minion, packed in page["returns"]:
                    load = serial.unpack_bin(serial.as_bytes(packed))
                    self._heard.append((tags.job_return(jid, minion), load))
                    self._seen[jid].add(minion)
                after = page["after"]
