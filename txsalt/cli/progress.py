"""
One line on the terminal that tells how a job goes, and is gone when there is something to read.
"""

import os
import time
from typing import TextIO

from txsalt.client.steps import Waiting
from txsalt.light import define, field

_ERASE = "\r\x1b[K"
_BETWEEN = 0.1  # seconds: nobody reads faster


@define
class ProgressLine:
    """The line; written to ``stream``, a terminal, for jobs that take longer than ``after`` s."""

    stream: TextIO
    expected: int = 0
    after: float = 0.25
    _began: float = field(init=False, factory=time.monotonic)
    _shown: bool = field(init=False, default=False)
    _next: float = field(init=False, default=0.0)
    _slowest: tuple[str, float] = field(init=False, default=("", 0.0))
    _done: int = field(init=False, default=0)
    _failed: int = field(init=False, default=0)
    _news: Waiting = field(init=False, factory=lambda: Waiting(running=0))

    def returned(self, minion: str, succeeded: bool) -> None:
        """A minion returned."""
        self._done += 1
        self._failed += not succeeded
        self._slowest = (minion, time.monotonic() - self._began)

    def hide(self) -> None:
        """Take the line away, for something else to be written."""
        if self._shown:
            self.stream.write(_ERASE)
            self.stream.flush()
            self._shown = False

    def show(self, news: Waiting | None = None) -> None:
        """Write the line, if it was not written just now; ``news`` of who works, if there are."""
        self._news = news or self._news
        now = time.monotonic()
        if now < self._next or now < self._began + self.after:
            return
        self._next = now + _BETWEEN
        self.stream.write(_ERASE + self.text(now)[: _columns(self.stream)])
        self.stream.flush()
        self._shown = True

    def text(self, now: float) -> str:
        """Return what the line says."""
        news, sent, of_all = self._news, self.expected, ""
        if news.sent is not None and news.sent < sent:
            sent, of_all = news.sent, f" of {sent}"
        parts = [f"sent to {sent}{of_all}", f"received {self._done}"]
        # Who said to be at work may have returned since.
        if running := max(0, min(news.running, sent - self._done)):
            parts.append(f"running {running}")
        if news.queued:
            parts.append(f"waiting {news.queued}")
        parts.append(f"succeeded {self._done - self._failed}")
        if self._failed:
            parts.append(f"failed {self._failed}")
        if self._slowest[0]:
            parts.append("slowest {} {:.1f} s".format(*self._slowest))
        return f"[{now - self._began:.0f} s] " + ", ".join(parts)


def _columns(stream: TextIO) -> int:
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return (columns or 80) - 1  # some terminals do not know their size
