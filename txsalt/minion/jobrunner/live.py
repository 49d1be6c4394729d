"""
Tell the master what a command writes, while it runs: chunks as events, in their order.

A thread of the job's sends; the command never waits for it. One chunk is sent at a time, at most
ten a second, each of at most 64 KiB. Where more comes than the master takes, the oldest of what
waits is left out, and the next chunk says how many bytes that were. The job's return holds all.

An event's data: ``{"text", "channel": "stdout" | "stderr", "number", "left_out": bytes}``; the
numbers of one job's chunks count from 0 without a gap.
"""

import codecs
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

SPACING = 0.1  # seconds from one chunk to the next
CHUNK = 64 * 1024
BACKLOG = 1024 * 1024
_FLUSH_SECONDS = 5.0  # at the end of a command, for what still waits

Send = Callable[[int, dict[str, Any]], object]


class Live:
    """What one job shows; ``send(number, data)`` fires one event and may block or raise."""

    def __init__(self, send: Send) -> None:
        """Start no thread before there is something to send."""
        self._send = send
        self._number = 0
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._size = 0
        self._left_out = 0
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._change = threading.Condition()
        self._ending = False
        self._thread: threading.Thread | None = None

    def write(self, channel: str, data: bytes) -> None:
        """Take what a command wrote; returns at once."""
        with self._change:
            self._waiting.append((channel, data))
            self._size += len(data)
            while self._size > BACKLOG and self._waiting:
                self._leave_out(self._waiting.popleft()[1])
            if self._thread is None:
                self._ending = False
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            self._change.notify()

    def flush(self) -> None:
        """Wait, not for ever, until all is sent: the return must not come first."""
        with self._change:
            thread, self._thread = self._thread, None
            self._ending = True
            self._change.notify()
        if thread is not None:
            thread.join(_FLUSH_SECONDS)

    def _leave_out(self, data: bytes) -> None:
        self._size -= len(data)
        self._left_out += len(data)

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._ending)
                if not self._waiting:
                    return
            began = time.monotonic()
            chunk = self._next_chunk()
            # A master that is away loses the news, and gets the return when it is back.
            with contextlib.suppress(Exception):
                self._send(chunk["number"], chunk)
            with self._change:
                rest = began + SPACING - time.monotonic()
                self._change.wait_for(lambda: self._ending, max(0.0, rest))

    def _next_chunk(self) -> dict[str, Any]:
        """Join what waits of one channel, up to a chunk."""
        with self._change:
            channel, first = self._waiting.popleft()
            parts, size = [first], len(first)
            while self._waiting and self._waiting[0][0] == channel and size < CHUNK:
                parts.append(self._waiting.popleft()[1])
                size += len(parts[-1])
            joined = b"".join(parts)
            if len(joined) > CHUNK:
                self._waiting.appendleft((channel, joined[CHUNK:]))
            self._size -= min(len(joined), CHUNK)
            left_out, self._left_out = self._left_out, 0
        number, self._number = self._number, self._number + 1
        text = self._decoder(channel).decode(joined[:CHUNK])
        return {"text": text, "channel": channel, "number": number, "left_out": left_out}

    def _decoder(self, channel: str) -> codecs.IncrementalDecoder:
        # A chunk may end within a letter.
        if channel not in self._decoders:
            self._decoders[channel] = codecs.getincrementaldecoder("utf-8")("replace")
        return self._decoders[channel]
