"""
Answer on the minion's own bus what programs of this machine ask the daemon.

Interactions: ``txsalt-cli call`` fires a question with a ``token`` and waits for
``txsalt/answer/<token>``: ``{answer}``, or ``{error}`` with the reason why not. Only the daemon's
own user can write to the bus.

    txsalt/ask_schedule {arguments}    what a job may ask of the schedule, see schedule_calls
    txsalt/keep_return {load}          a return that the program itself could not give to the master
"""

import re
from collections.abc import Callable
from typing import Any  # answers are any msgpack value

from twisted.logger import Logger

from txsalt.errors import BadLoad, TxsaltError
from txsalt.events import tags

Data = dict[str, Any]

TOKEN = re.compile(r"[0-9a-f]{16,64}")


class LocalQuestions:
    """Those of one kind; ``from_bus`` takes the events."""

    log = Logger()

    def __init__(
        self, part: str, answer: Callable[[Data], Any], fire: Callable[[str, Data], None]
    ) -> None:
        """
        Wire it: ``answer`` gets the map under the key ``part``, ``fire`` is the bus's.

        It raises TxsaltError with the reason why not.
        """
        self._part = part
        self._answer = answer
        self._fire = fire

    def from_bus(self, data: Data) -> None:
        """Answer one question; what is none is logged."""
        token, asked = data.get("token"), data.get(self._part)
        if not isinstance(token, str) or not TOKEN.fullmatch(token) or not isinstance(asked, dict):
            self.log.warn("a local question was dropped: it is malformed")
            return
        try:
            said: Data = {"answer": self._answer(asked)}
        except TxsaltError as exc:
            said = {"error": str(exc)}
        self._fire(tags.local_answer(token), said)


class LocalReturns:
    """Takes returns of calls on this machine into the outbox."""

    def __init__(self, minion_id: str, put: Callable[[Data], None]) -> None:
        """``put`` is that of the returns."""
        self._minion_id = minion_id
        self._put = put

    def __call__(self, load: Data) -> bool:
        """Keep one, and send it in its turn. Raises BadLoad: it may stand for no published job."""
        if load.get("jid") != "req" or not isinstance(load.get("fun"), str):
            raise BadLoad("only the return of a call on this machine can be kept")
        self._put({**load, "cmd": "_return", "id": self._minion_id})
        return True
