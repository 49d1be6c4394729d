"""
The loop of a worker: frames from the daemon and requests from the router, one at a time.

Each message of the router holds some requests, a frame for each; replies go back in their order.
"""

import errno
import logging
import os
import signal
import time
from contextlib import suppress
from functools import partial
from typing import Any  # frames are maps of any msgpack value

import zmq

from txsalt.config.master import MasterConfig
from txsalt.errors import BadEncoding
from txsalt.master.store import database, secrets
from txsalt.master.worker import frames, logs
from txsalt.master.worker.answerer import BATCH, answers
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.bus import Outgoing
from txsalt.master.worker.commands import returns
from txsalt.wire import pipe

log = logging.getLogger(__package__)

_READ_BYTES = 1024 * 1024
_LINGER_MS = 2000
_FLUSH_MS = 1000


class WorkerLoop:
    """One worker, from hello to its end."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._frames = pipe.Decoder()
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe()

    def run(self) -> int:
        """Wait for hello, then serve; return the exit code."""
        self._catch_terminate()
        hello, rest = self._wait_for_hello()
        if hello is None:
            return 0
        config = MasterConfig.from_map(hello["config"])
        logs.start(config.log_level, config.log_level_logfile)
        context = zmq.Context()
        try:
            self._serve(context, config, hello, rest)
        finally:
            context.destroy(linger=_LINGER_MS)
        return 0

    def _serve(
        self,
        context: "zmq.Context[Any]",
        config: MasterConfig,
        hello: dict[str, Any],
        rest: list[dict[str, Any]],
    ) -> None:
        bench = self._make_bench(context, config, hello)
        requests = _connect(context, zmq.DEALER, config, f"workers-{hello['index']}")
        poller = zmq.Poller()
        poller.register(requests, zmq.POLLIN)
        poller.register(self._read_fd, zmq.POLLIN)
        poller.register(self._wake_read, zmq.POLLIN)
        returns.tell_leftover(bench)
        bench.out.tell_daemon("ready")
        self._obey(bench, rest)
        unanswered, left = 0, iter(list[list[bytes]]())
        while not self._stopping:
            patience = _FLUSH_MS if bench.waiting else None
            events = dict(poller.poll(0 if unanswered else patience))
            # The daemon's words first: after a rotation nobody gets the old key.
            if self._read_fd in events:
                self._obey(bench, self._read_frames())
            elif not unanswered and requests in events:
                payloads = _waiting(requests)
                unanswered, left = len(payloads), answers(bench, payloads)
            if unanswered and not self._stopping:
                replies = next(left)
                frames.send(requests, replies)
                unanswered -= len(replies)
            if bench.waiting:
                bench.flush()
        bench.heard.finish()
        bench.last_return.clear()

    def _make_bench(
        self, context: "zmq.Context[Any]", config: MasterConfig, hello: dict[str, Any]
    ) -> Bench:
        events = _connect(context, zmq.PUSH, config, "master_event_pull")
        publications = _connect(context, zmq.PUSH, config, "publish_pull")
        out = Outgoing(
            send_events=partial(frames.send, events),
            send_publications=partial(frames.send, publications),
            send_daemon=self._write,
            max_event_size=config.max_event_size,
        )
        path = database.path_in(config.cachedir)
        return Bench(
            config,
            secrets.from_map(hello["secrets"]),
            database.connect(path),
            out,
            last_return=f"{path}-worker-{hello['index']}",
            started=hello.get("started", 0.0),
        )

    def _obey(self, bench: Bench, frames: list[dict[str, Any]]) -> None:
        for frame in frames:
            match frame["kind"]:
                case "secrets":
                    bench.use(secrets.from_map(frame))
                    bench.out.tell_daemon("taken", generation=frame.get("generation"))
                case "drain":
                    self._stopping = True
                case kind:
                    log.warning("a frame of an unknown kind: %s", kind)

    def _wait_for_hello(self) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        poller = zmq.Poller()
        poller.register(self._read_fd, zmq.POLLIN)
        poller.register(self._wake_read, zmq.POLLIN)
        while not self._stopping:
            if self._read_fd not in dict(poller.poll()):
                continue
            frames = self._read_frames()
            if frames and frames[0]["kind"] != "hello":
                raise BadEncoding("the first frame is no hello")
            if frames:
                return frames[0], frames[1:]
        return None, []

    def _read_frames(self) -> list[dict[str, Any]]:
        try:
            data = os.read(self._read_fd, _READ_BYTES)
        except BlockingIOError:
            return []
        if not data:
            self._stopping = True  # the daemon is gone
        return self._frames.feed(data)

    def _write(self, frame: bytes) -> None:
        view = memoryview(frame)
        while view:
            try:
                view = view[os.write(self._write_fd, view) :]
            except BlockingIOError:
                time.sleep(0.01)
            except OSError as exc:
                if exc.errno != errno.EPIPE:
                    raise
                return  # the daemon is gone; the end of descriptor 3 says the same

    def _catch_terminate(self) -> None:
        os.set_blocking(self._wake_write, False)
        os.set_blocking(self._wake_read, False)
        # A handler alone would not end a poll that the interpreter starts again.
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._terminate)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the daemon's to handle

    def _terminate(self, *_: object) -> None:
        self._stopping = True


def _waiting(requests: "zmq.Socket[bytes]") -> list[bytes]:
    """Take what is there, of several messages if they are short: returns share a commit."""
    payloads: list[bytes] = []
    with suppress(zmq.Again):
        while len(payloads) < BATCH:
            payloads += frames.receive(requests)
    return payloads


def _connect(
    context: "zmq.Context[Any]", kind: int, config: MasterConfig, name: str
) -> "zmq.Socket[bytes]":
    socket = context.socket(kind)
    # Without a limit a send never blocks; what waits is bounded by what the daemon takes.
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.LINGER, _LINGER_MS)
    socket.connect(f"ipc://{config.sock_dir}/{name}.ipc")
    return socket
