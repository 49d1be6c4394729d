"""
Count refused requests; log one line a second for each kind, however many there are.
"""

import logging
from collections import Counter
from collections.abc import Callable

from attrs import define

log = logging.getLogger(__package__)

_WINDOW = 1.0  # seconds


@define
class _Window:
    ends: float
    held_back: int = 0
    text: str = ""


class Refusals:
    """All refusals of one worker; ``counts`` are by kind since its start."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def note(self, kind: str, text: str) -> None:
        """Count one refusal of a kind (a class or command name) and log it, now or later."""
        self.counts[kind] += 1
        now = self._clock()
        window = self._windows.get(kind)
        if window is None or now >= window.ends:
            if window is not None:
                self._tell_rest(kind, window)
            self._windows[kind] = _Window(ends=now + _WINDOW)
            log.warning("refused (%s): %s", kind, text)
            return
        window.held_back += 1
        window.text = text

    def flush(self) -> None:
        """Log what was held back in windows that are over; call about once a second."""
        now = self._clock()
        for kind in [kind for kind, window in self._windows.items() if now >= window.ends]:
            self._tell_rest(kind, self._windows.pop(kind))

    @property
    def waiting(self) -> bool:
        """Whether ``flush`` may have something to do soon."""
        return bool(self._windows)

    def _tell_rest(self, kind: str, window: _Window) -> None:
        if window.held_back:
            log.warning(
                "refused (%s): %d more in a second, the last: %s",
                kind,
                window.held_back,
                window.text,
            )
