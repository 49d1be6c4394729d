"""
Answer on the minion's own bus what a program of this machine asks about running jobs.

Interactions: ``txsalt-cli call saltutil.running`` fires ``txsalt/ask_jobs`` with ``{fun, arg,
token}`` and waits for ``txsalt/jobs/<token>``, whose data is the verdict that a job would return.
Only the daemon's own user can write to the bus.
"""

from collections.abc import Callable
from typing import Any  # arguments are any msgpack value

from twisted.logger import Logger

from txsalt.events import tags
from txsalt.minion.daemon.job_control import Record
from txsalt.minion.daemon.local_questions import TOKEN


class JobQuestions:
    """``from_bus`` takes the events."""

    log = Logger()

    def __init__(
        self,
        answer: Callable[[object, Any], Record | None],
        fire: Callable[[str, Record], None],
    ) -> None:
        """``answer`` is the job runner's ``about_jobs``, ``fire`` the bus's."""
        self._answer = answer
        self._fire = fire

    def from_bus(self, data: dict[str, Any]) -> None:
        """Answer one question; what is none is logged."""
        token, arg = data.get("token"), data.get("arg")
        if not isinstance(token, str) or not TOKEN.fullmatch(token) or not isinstance(arg, list):
            self.log.warn("a local question about jobs was dropped: it is malformed")
            return
        verdict = self._answer(data.get("fun"), arg)
        if verdict is not None:
            self._fire(tags.jobs_answer(token), verdict)
