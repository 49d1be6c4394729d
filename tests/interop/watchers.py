"""
Follow a master's event bus from outside.

``TxWatcher`` uses pyzmq and msgpack alone, as any local program may; ``StockWatcher`` uses Salt's
own library.
"""

import json
import queue
import secrets
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgpack
import zmq

# What a bus carries is made by others, hence Any.
Event = tuple[str, dict[str, Any]]
Match = Callable[[str, dict[str, Any]], bool]


class Watcher(Protocol):
    """One listener on a master's bus."""

    def wait(self, match: Match, seconds: float) -> Event:
        """The first event, also of the past, that matches; AssertionError if none comes."""
        ...

    def seen(self) -> list[Event]:
        """All events until now."""
        ...

    def close(self) -> None:
        """Listen no more."""
        ...


def has_tag(tag: str) -> Match:
    """Match events with exactly this tag."""
    return lambda seen, data: seen == tag


class _Collected:
    """Keep every event, so that one which came early is found as well."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def _next(self, seconds: float) -> Event | None:
        raise NotImplementedError

    def wait(self, match: Match, seconds: float) -> Event:
        end = time.monotonic() + seconds
        position = 0
        while True:
            for event in self._events[position:]:
                if match(*event):
                    return event
            position = len(self._events)
            event_now = self._next(max(0.0, end - time.monotonic()))
            if event_now is not None:
                self._events.append(event_now)
            elif time.monotonic() >= end:
                tags = [(tag, data.get("act", "")) for tag, data in self._events][-12:]
                raise AssertionError(f"no such event within {seconds} s; the last tags: {tags}")

    def seen(self) -> list[Event]:
        while (event := self._next(0)) is not None:
            self._events.append(event)
        return list(self._events)


class TxWatcher(_Collected):
    """A subscriber to ``master_event_pub.ipc``: a frame is tag, two line feeds, msgpack."""

    def __init__(self, sock_dir: Path, seconds: float = 10) -> None:
        super().__init__()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.connect(f"ipc://{sock_dir}/master_event_pub.ipc")
        self._socket.subscribe(b"")
        live = f"txsalt/live/{secrets.token_hex(8)}"
        self._socket.subscribe(live.encode())
        try:
            self.wait(has_tag(live), seconds)
        except AssertionError:
            self.close()
            raise

    def _next(self, seconds: float) -> Event | None:
        if not self._socket.poll(int(seconds * 1000)):
            return None
        tag, _, body = self._socket.recv().partition(b"\n\n")
        return tag.decode(), msgpack.unpackb(body, raw=False, strict_map_key=False)

    def close(self) -> None:
        self._context.destroy(linger=0)


class StockWatcher(_Collected):
    """A listener by Salt's own library, in a process of its own."""

    def __init__(self, python: str, config_dir: Path, started: Callable[[int], None]) -> None:
        super().__init__()
        script = Path(__file__).with_name("stock_bus.py")
        self._process = subprocess.Popen(
            [python, str(script), str(config_dir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        started(self._process.pid)
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            first = self._lines.get(timeout=30)
        except queue.Empty:
            first = b""
        if b"ready" not in first:
            self.close()
            raise AssertionError("the stock bus listener did not become ready")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _next(self, seconds: float) -> Event | None:
        try:
            tag, data = json.loads(self._lines.get(timeout=max(seconds, 0.01)))
        except queue.Empty:
            return None
        return tag, data

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
