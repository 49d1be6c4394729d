"""
Log lines of the daemons: ``2026-01-31 12:00:00,123 [INFO] text``, one for each event.

Interactions: twistd makes its log observer from a name (``--logger``) before any service exists;
the options of our daemons choose here what it gets, and give twistd the name of ``observer``.

Source: Salt's level names, with its order.
"""

import io
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TextIO

from attrs import Factory, frozen
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from zope.interface import implementer

# Salt's names; what Twisted has no level for counts as the nearest that shows at least as much.
_RANKS = {
    "all": 0,
    "garbage": 0,
    "trace": 0,
    "debug": 0,
    "profile": 1,
    "info": 1,
    "warning": 2,
    "error": 3,
    "critical": 4,
    "quiet": 5,
}
_EVENT_RANKS = {
    LogLevel.debug: 0,
    LogLevel.info: 1,
    LogLevel.warn: 2,
    LogLevel.error: 3,
    LogLevel.critical: 4,
}
_NAMES = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OBSERVER = "txsalt.tap.logs.observer"


@frozen(kw_only=True)
class LogSettings:
    """Where lines go and which; ``path`` None is the terminal. ``parts`` maps logger to level."""

    level: str = "warning"
    path: str | None = None
    parts: Mapping[str, str] = Factory(dict)


_chosen = [LogSettings()]


def choose(settings: LogSettings) -> None:
    """Decide what ``observer`` will make; it is called once, when twistd begins to log."""
    _chosen[:] = [settings]


def observer() -> "LineObserver":
    """Make the observer for twistd. Raises OSError if the file cannot be opened."""
    settings = _chosen[0]
    stream = _terminal() if settings.path is None else _opened(settings.path)
    return LineObserver(stream, settings)


def is_level(name: str) -> bool:
    """Tell whether ``name`` is one of Salt's levels."""
    return name in _RANKS


@implementer(ILogObserver)
class LineObserver:
    """Writes the events that are important enough."""

    def __init__(self, stream: TextIO, settings: LogSettings) -> None:
        self._stream = stream
        self._least = _RANKS.get(settings.level, 2)
        # The most exact name first.
        self._parts = sorted(
            ((name, _RANKS.get(level, 2)) for name, level in settings.parts.items()),
            key=lambda part: -len(part[0]),
        )

    def __call__(self, event: LogEvent) -> None:
        """Write one event, if its level is high enough."""
        rank = _EVENT_RANKS.get(event.get("log_level"), 1)
        namespace = event.get("log_namespace") or ""
        if rank < self._least_for(namespace):
            return
        # Twisted reports its own starts and stops, and every stray print, at info.
        line = format_line(event, _NAMES[rank])
        try:
            self._stream.write(line)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # a full disk or a closed terminal must not end the daemon

    def _least_for(self, namespace: str) -> int:
        for name, rank in self._parts:
            if namespace == name or namespace.startswith(f"{name}."):
                return rank
        return self._least


def format_line(event: LogEvent, level: str) -> str:
    """Return the line of an event; the lines of a traceback follow, indented."""
    seconds = float(event.get("log_time") or 0.0)
    stamp = datetime.fromtimestamp(seconds)
    text = formatEvent(event).rstrip()
    failure = event.get("log_failure")
    if failure is not None:
        trace = failure.getTraceback().rstrip().replace("\n", "\n    ")
        text = f"{text}\n    {trace}"
    else:
        # One line for each event: what a peer sent must not look like a line of ours.
        text = text.replace("\n", " | ")
    text = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
    return f"{stamp:%Y-%m-%d %H:%M:%S},{stamp.microsecond // 1000:03d} [{level}] {text}\n"


def _terminal() -> TextIO:
    stream: TextIO | None = sys.stdout
    if stream is None:
        return _opened(os.devnull)  # whoever started us closed it
    if isinstance(stream, io.TextIOWrapper):
        # A terminal that cannot show a sign gets its number, and not no line at all.
        stream.reconfigure(errors="backslashreplace")
    return stream


def _opened(path: str) -> TextIO:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")


def check_writable(path: str) -> None:
    """Raise OSError if lines could not be written to ``path``."""
    _opened(path).close()
