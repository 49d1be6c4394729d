"""
Give memory back to the system after much work.

Each connection, and each message on its way, has buffers that ZeroMQ's threads allocate. When they
are free again the C library keeps them, in as many arenas as there are threads; a flood over a
hundred connections leaves six MiB behind. One call returns the pages that are free.

Source: malloc_trim(3); measured, see benchmarks/README.md.
"""

import ctypes
from collections.abc import Callable
from typing import Any  # the reactor, which mypy cannot see through zope

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

EVERY_SECONDS = 2.0
MUCH = 500  # requests; the call costs some milliseconds


def trim() -> None:
    """Return free pages to the system, where the C library can do that."""
    call = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if call is not None:
        call(0)


class SpareMemory(Service):
    """Looks every two seconds whether much was done."""

    log = Logger()
    name = "spare memory"

    def __init__(
        self, reactor: Any, done: Callable[[], int], trim: Callable[[], None] = trim
    ) -> None:
        """``done`` counts the work since the start."""
        self._done = done
        self._trim = trim
        self._seen = 0  # ``done`` when it looked last
        self._was_busy = False
        self._loop = LoopingCall(self._look)
        self._loop.clock = reactor

    def startService(self) -> None:
        """Begin to look."""
        super().startService()
        self._loop.start(EVERY_SECONDS, now=False).addErrback(
            lambda failure: self.log.failure("memory is not given back any more", failure)
        )

    def stopService(self) -> None:
        """End."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    def _look(self) -> None:
        done = self._done()
        is_busy = done - self._seen >= MUCH
        self._seen = done
        # And once more when that is over: connections that are closed leave most.
        if is_busy or self._was_busy:
            self._trim()
        self._was_busy = is_busy
