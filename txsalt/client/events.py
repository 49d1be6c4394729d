"""
The master's event bus from Python: hear what happens, tell others.

    from txsalt.client import events

    with events.listening("/etc/txsalt", "salt/job/*/ret/*") as stream:
        for event in stream.events(timeout=10):
            print(event.tag, event.data["return"])

``listening`` returns when the subscription is live: what is caused after that is heard.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple  # event data is any msgpack value

from txsalt.client.bus import EventBus
from txsalt.client.places import DEFAULT_CONFIG_DIR
from txsalt.client.session import Session
from txsalt.events import tags

_GLOB_SIGN = re.compile(r"[*?\[]")


class Event(NamedTuple):
    """One event: its tag and its data; ``data["_stamp"]`` is the time, ISO 8601 in UTC."""

    tag: str
    data: dict[str, Any]


class Stream:
    """Events that a glob on their tags picks."""

    def __init__(self, bus: EventBus, glob: str) -> None:
        self._bus = bus
        self._fits = _matcher(glob)

    def events(self, *, timeout: float | None = None, count: int | None = None) -> Iterator[Event]:
        """Yield events; end after ``timeout`` seconds of silence, or ``count`` events."""
        while count is None or count > 0:
            event = self.next(timeout)
            if event is None:
                return
            yield event
            count = None if count is None else count - 1

    def next(self, timeout: float | None = None) -> Event | None:
        """Return the next event, None after ``timeout`` seconds without one."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            heard = self._bus.receive(left)
            if heard is None:
                return None
            # The bus's answers to those who begin to listen are no events.
            if self._fits(heard[0]) and not heard[0].startswith(_ANSWERS):
                return Event(*heard)


_ANSWERS = (tags.LIVE_PREFIX, tags.REPLAY_PREFIX)


@contextmanager
def listening(
    config_dir: str = DEFAULT_CONFIG_DIR, glob: str = "*", *, since: float | None = None
) -> Iterator[Stream]:
    """
    Give a live stream of the events whose tags fit ``glob``; without a star it is a prefix.

    ``since``: begin with those that the master remembers from this Unix time on: the last 10,000
    at most, none from before its start. Raises ConfigError or MasterUnreachable.
    """
    session = Session(config_dir)
    try:
        with listening_by(session, glob, since=since) as stream:
            yield stream
    finally:
        session.close()


@contextmanager
def listening_by(
    session: Session, glob: str = "*", *, since: float | None = None
) -> Iterator[Stream]:
    """As ``listening``, over a session that is open."""
    prefix = _GLOB_SIGN.split(glob, maxsplit=1)[0]
    with session.listening(prefix) as bus:
        if since is not None:
            bus.replay(prefix, since)
        yield Stream(bus, glob)


def fire(config_dir: str, tag: str, data: dict[str, Any]) -> None:
    """Fire an event on the master's bus. Raises ConfigError or MasterUnreachable."""
    session = Session(config_dir)
    try:
        bus = session.connected_bus()
        bus.fire(tag, data)
        bus.close()
    finally:
        session.close()


def _matcher(glob: str) -> Any:
    if not _GLOB_SIGN.search(glob):
        return lambda tag: tag.startswith(glob)
    import fnmatch

    return re.compile(fnmatch.translate(glob)).match
