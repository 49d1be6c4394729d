"""
End workers that stand still: one that is stuck holds up what waits behind the request in its hand.

Interactions: the router says which request each worker has in hand; the pool ends a worker, and the
router then refuses that request and gives the others to another worker.

Looks are counted, not seconds: a clock that was set, or a daemon that was stopped for a while,
makes nobody look stuck.
"""

from collections.abc import Callable, Mapping

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

_LOOKS = 6  # within the time that a request may take


class Watchdog(Service):
    """One timer for all workers."""

    log = Logger()
    name = "watchdog"

    def __init__(
        self,
        clock: IReactorTime,
        seconds: float,
        in_hand: Callable[[], Mapping[int, object]],
        end: Callable[[int], None],
    ) -> None:
        """
        ``in_hand`` returns what each busy worker works at, the same object as long as it does;
        ``end`` kills a worker. With 0 ``seconds`` nobody is watched.
        """
        self._clock = clock
        self._seconds = seconds
        self._in_hand = in_hand
        self._end = end
        self._seen: dict[int, tuple[object, int]] = {}  # what, and how many looks ago
        self._timer: IDelayedCall | None = None

    def startService(self) -> None:
        """Begin to look."""
        super().startService()
        self._wait()

    def stopService(self) -> None:
        """Look no more. Twice is no error."""
        super().stopService()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._seen.clear()

    def _wait(self) -> None:
        if self._seconds > 0:
            self._timer = self._clock.callLater(self._seconds / _LOOKS, self._look)

    def _look(self) -> None:
        before, self._seen = self._seen, {}
        for worker, request in self._in_hand().items():
            known, looks = before.get(worker, (None, 0))
            looks = looks + 1 if known is request else 0
            if looks < _LOOKS:
                self._seen[worker] = (request, looks)
                continue
            self.log.error(
                "worker {worker} is ended: it has not answered a request for {seconds:g} s"
                " (worker_time_max)",
                worker=worker,
                seconds=self._seconds,
            )
            self._end(worker)
        self._wait()
