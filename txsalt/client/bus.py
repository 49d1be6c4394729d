"""
Hear and fire events on the bus of the local master: blocking, without a reactor.

Interactions: subscribe first, ask the bus to say that the subscription is live, only then cause
what is to be heard. Nothing is missed, and nothing is waited for longer than it takes.

Source: PROTOCOL section 13.3; docs/architecture.md for ``txsalt/live/``.
"""

import os
import secrets
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any  # event data is any msgpack value

import zmq

from txsalt.errors import MasterUnreachable, RemoteError
from txsalt.events import tags
from txsalt.wire import event

_LIVE_SECONDS = 5.0


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

    def subscribe(self, prefix: str) -> None:
        """Hear events whose tag starts with ``prefix``, once ``wait_live`` has returned."""
        self._sub.subscribe(prefix.encode())

    def wait_live(self, timeout: float = _LIVE_SECONDS) -> None:
        """
        Return when all subscriptions made so far are live.

        Raises MasterUnreachable if the bus does not say so within ``timeout`` seconds.
        """
        probe = tags.live(secrets.token_hex(8)).encode()
        self._sub.subscribe(probe)
        deadline = time.monotonic() + timeout
        while self._sub.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            frame = self._sub.recv()
            if frame.startswith(probe):
                self._sub.unsubscribe(probe)
                return
            self._early.append(frame)
        raise MasterUnreachable(self._pub_path, f"its event bus was silent for {timeout:g} s")

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
        """Send an event to the bus. Raises MasterUnreachable as the constructor does."""
        if self._push is None:
            self._check(self._pull_path)
            self._push = self._context.socket(zmq.PUSH)
            self._push.set(zmq.LINGER, 1000)
            self._push.connect(f"ipc://{self._pull_path}")
        self._push.send(event.write_event(tag, data))

    def close(self) -> None:
        """Disconnect."""
        self._sub.close()
        if self._push is not None:
            self._push.close()

    @staticmethod
    def _check(path: str) -> None:
        if not os.path.exists(path):
            raise MasterUnreachable(path, "there is no such socket; is txsalt-master running?")
        if not os.access(path, os.R_OK | os.W_OK):
            raise MasterUnreachable(path, "this user may not use it; ask for its owner or group")


@contextmanager
def opened(
    context: "zmq.Context[zmq.Socket[bytes]]", sock_dir: str, *prefixes: str
) -> Iterator[EventBus]:
    """Give a bus whose subscriptions to ``prefixes`` are live, and close it afterwards."""
    bus = EventBus(context, sock_dir)
    try:
        for prefix in prefixes:
            bus.subscribe(prefix)
        bus.wait_live()
        yield bus
    finally:
        bus.close()
