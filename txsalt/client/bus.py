"""
Hear and fire events on the bus of the local master: blocking, without a reactor.

Interactions: subscribe first, ask the bus to say that the subscription is live, only then cause
what is to be heard. Nothing is missed, and nothing is waited for longer than it takes.

Source: PROTOCOL section 13.3; docs/architecture.md for ``txsalt/live/``.
"""

import os
import time
from collections import deque
from contextlib import suppress
from typing import Any, Protocol  # event data is any msgpack value

import zmq

from txsalt.errors import BusForbidden, MasterUnreachable, RemoteError
from txsalt.events import tags
from txsalt.wire import event

_LIVE_SECONDS = 5.0
_FIRE_MS = 2000  # time for a master that is being started anew
_RUNNING = "is txsalt-master running?"

_FORBIDDEN = "this user may not use it; ask for its owner or group"


class Ear(Protocol):
    """What follows returns: an EventBus, or for who may not use it a PolledReturns."""

    def subscribe(self, prefix: str) -> None:
        """Hear events whose tag starts with ``prefix``."""

    def wait_live(self, timeout: float = ...) -> None:
        """Return when all subscriptions are live."""

    def receive(self, timeout: float | None) -> tuple[str, dict[str, Any]] | None:
        """Return the next event, or None after ``timeout`` seconds."""


class EventBus:
    """One connection to the bus; close it, or use ``opened``."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", sock_dir: str) -> None:
        """
        Connect.

        Raises MasterUnreachable if the bus's socket is not there or may not be used by this user.
        """
        self._context = context
        self._pub_path = os.path.join(sock_dir, "master_event_pub.ipc")
        self._pull_path = os.path.join(sock_dir, "master_event_pull.ipc")
        self._check(self._pub_path)
        self._sub = context.socket(zmq.SUB)
        # The publisher bounds what waits for us; what has arrived here is not dropped.
        self._sub.set(zmq.RCVHWM, 0)
        self._sub.set(zmq.LINGER, 0)
        self._sub.connect(f"ipc://{self._pub_path}")
        self._push: zmq.Socket[bytes] | None = None
        self._early: deque[bytes] = deque()  # heard, and not given out yet
        self._prefixes: list[str] = []

    def subscribe(self, prefix: str) -> None:
        """Hear events whose tag starts with ``prefix``, once ``wait_live`` has returned."""
        self._sub.subscribe(prefix.encode())
        self._prefixes.append(prefix)

    def unsubscribe_all(self) -> None:
        """Hear nothing more; a few events that are under way may still come."""
        for prefix in self._prefixes:
            self._sub.unsubscribe(prefix.encode())
        self._prefixes.clear()
        self._early.clear()

    def wait_live(self, timeout: float = _LIVE_SECONDS) -> None:
        """
        Return when all subscriptions made so far are live.

        Raises MasterUnreachable if the bus does not say so within ``timeout`` seconds.
        """
        self._ask(tags.live(os.urandom(8).hex()).encode(), timeout)

    def replay(self, prefix: str, since: float, timeout: float = _LIVE_SECONDS) -> None:
        """
        Give out, before all else, what the bus remembers since Unix time ``since``.

        ``prefix`` must be subscribed to, and live. What comes in from now on follows without gap
        or repetition: the last page of the past holds everything that was sent before it.
        """
        random, number = os.urandom(8).hex(), 0
        past: list[bytes] = []
        while True:
            page = self._ask(tags.replay(random, number, since, prefix).encode(), timeout)
            data = event.read_event(page)[1]
            past += data["events"]
            number = data["next"]
            if data["last"]:
                break
        self._early = deque(past)

    def _ask(self, topic: bytes, timeout: float) -> bytes:
        """Subscribe to a topic that the bus answers with one event of that tag; return that."""
        self._sub.subscribe(topic)
        deadline = time.monotonic() + timeout
        while self._sub.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            frame = self._sub.recv()
            if frame.startswith(topic):
                self._sub.unsubscribe(topic)
                return frame
            self._early.append(frame)
        raise MasterUnreachable(
            self._pub_path, f"its event bus was silent for {timeout:g} s; {_RUNNING}"
        )

    def receive(self, timeout: float | None) -> tuple[str, dict[str, Any]] | None:
        """Return the next event, or None after ``timeout`` seconds; unreadable ones are skipped."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._early:
                with suppress(RemoteError):
                    return event.read_event(self._early.popleft())
                continue
            left = None if deadline is None else max(0, int((deadline - time.monotonic()) * 1000))
            if not self._sub.poll(left):
                return None
            self._early.append(self._sub.recv())

    def fire(self, tag: str, data: dict[str, Any]) -> None:
        """
        Send an event to the bus.

        Raises MasterUnreachable as the constructor does, and if nobody has taken it after some
        seconds.
        """
        if self._push is None:
            self._check(self._pull_path)
            self._push = self._context.socket(zmq.PUSH)
            self._push.set(zmq.LINGER, 1000)
            # A master that was killed leaves its socket there: queue for nobody who is not.
            self._push.set(zmq.IMMEDIATE, 1)
            self._push.set(zmq.SNDTIMEO, _FIRE_MS)
            self._push.connect(f"ipc://{self._pull_path}")
        try:
            self._push.send(event.write_event(tag, data))
        except zmq.Again:
            raise MasterUnreachable(self._pull_path, f"nobody takes events; {_RUNNING}") from None

    def close(self) -> None:
        """Disconnect."""
        self._sub.close()
        if self._push is not None:
            self._push.close()

    @staticmethod
    def _check(path: str) -> None:
        try:
            os.stat(path)
        except PermissionError:
            raise BusForbidden(path, _FORBIDDEN) from None
        except OSError:
            raise MasterUnreachable(path, f"there is no such socket; {_RUNNING}") from None
        if not os.access(path, os.R_OK | os.W_OK):
            raise BusForbidden(path, _FORBIDDEN)
