"""
Timers that nobody's setting of the clock moves.

Twisted counts timers by the clock of the wall. When that is set back by two hours, as on machines
whose hardware clock runs on local time until NTP steps it, each timer is two hours late: nobody
signs in, nothing is asked again, no schedule is looked at. Here the reactor counts its timers by
the monotonic clock; who asks what time it is still gets that of the wall.
"""

import time
from collections.abc import Callable
from typing import Any


class SteadyReactor:
    """Stands for a reactor, of which it offers everything; ``seconds`` is Unix time."""

    def __init__(
        self,
        reactor: Any,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Change the clock of ``reactor``; call before anybody has set a timer there."""
        reactor.seconds = monotonic
        self._reactor = reactor
        self.callLater = reactor.callLater
        self.seconds = wall

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)
