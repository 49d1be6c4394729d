"""
End a program: ask, close its input, then TERM, then KILL, each with its deadline.
"""

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from txsalt.process.interfaces import Program
from txsalt.process.spawn import ExitStatus

_AFTER_EOF = 3.0  # seconds to end after descriptor 3 was closed
_AFTER_TERM = 2.0  # seconds


class Ending:
    """The end of one program, step by step; stops stepping when the program is gone."""

    def __init__(self, child: Program, clock: IReactorTime) -> None:
        """Nothing happens before ``begin``."""
        self._child = child
        self._clock = clock
        self._timer: IDelayedCall | None = None

    def begin(
        self, *, drain: Mapping[str, object] | None = None, grace: float = 0.0
    ) -> Deferred[ExitStatus]:
        """
        Send ``drain`` and wait ``grace`` seconds, or without it close the input at once; then
        force.

        Fires with the status when the program is gone.
        """
        gone: Deferred[ExitStatus] = Deferred()
        self._child.ended.addCallback(self._ended, gone)
        if gone.called:
            return gone
        if drain is not None:
            self._child.send(drain)
            self._step(grace, self._close)
        else:
            self._close()
        return gone

    def _close(self) -> None:
        self._child.close_input()
        self._step(_AFTER_EOF, self._terminate)

    def _terminate(self) -> None:
        self._child.signal("TERM")
        self._step(_AFTER_TERM, self._child.signal, "KILL")

    def _step(self, delay: float, deed: Callable[..., object], *arguments: object) -> None:
        self._timer = self._clock.callLater(delay, deed, *arguments)

    def _ended(self, status: ExitStatus, gone: Deferred[ExitStatus]) -> ExitStatus:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        gone.callback(status)
        return status


def end_program(
    child: Program,
    clock: IReactorTime,
    *,
    drain: Mapping[str, object] | None = None,
    grace: float = 0.0,
) -> Deferred[ExitStatus]:
    """End one program; see ``Ending.begin``."""
    return Ending(child, clock).begin(drain=drain, grace=grace)
