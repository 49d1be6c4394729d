"""
Send events to the master's bus (``_minion_event``), one or several at once.

Source: PROTOCOL section 9.6.
"""

from collections.abc import Callable
from typing import Any  # event data is any msgpack value

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsalt.errors import BadName, TxsaltError
from txsalt.wire import names


class MasterEvents:
    """Fires and forgets: an event that does not reach the master is logged, not kept."""

    log = Logger()

    def __init__(self, request: Callable[..., Deferred[Any]]) -> None:
        """``request`` is the link's."""
        self._request = request

    def fire(self, tag: str, data: object) -> None:
        """Send one event."""
        self._send({"tag": tag, "data": data, "pretag": None}, tag)

    def from_bus(self, data: dict[str, Any]) -> None:
        """
        Send what a local ``fire_master`` event asks for.

        ``data`` holds ``tag`` and ``data``, or ``events`` (a list of such maps); maybe ``pretag``.
        """
        pretag = data.get("pretag")
        try:
            if isinstance(data.get("events"), list):
                self._send({"events": data["events"], "pretag": pretag}, "several events")
            else:
                tag = names.tag(data.get("tag"))
                self._send({"tag": tag, "data": data.get("data"), "pretag": pretag}, tag)
        except BadName as exc:
            self.log.warn("a local event for the master was dropped: {reason}", reason=exc)

    def _send(self, fields: dict[str, Any], what: str) -> None:
        def failed(failure: Failure) -> None:
            if failure.check(TxsaltError):
                self.log.warn("{what}: not sent: {why}", what=what, why=failure.value)
            elif not failure.check(CancelledError):
                self.log.failure("while sending {what}", failure=failure, what=what)

        self._request({"cmd": "_minion_event", **fields}).addErrback(failed)
