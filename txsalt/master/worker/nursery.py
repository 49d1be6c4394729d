"""
Fork workers: the program side of process/nursery, one thread, no sockets but those to its children.

Interactions: ``fork``, ``to``, ``signal``, ``close`` come from the daemon; ``forked``, ``from``,
``ended`` go there. A child sees one descriptor on which it reads and writes its own frames, and
ends when that is closed. The end of descriptor 3 is the end of all.
"""

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn  # frames are maps of any msgpack value

from attrs import define, field

from txsalt.fork import fork
from txsalt.wire.pipe import Decoder, encode

_CHUNK = 1 << 18
_READ = selectors.EVENT_READ

# (descriptor to read frames from, descriptor to write frames to) → exit code
Program = Callable[[int, int], int]


@define(eq=False)
class _Child:
    number: int
    pid: int
    link: socket.socket
    exit_fd: int
    decoder: Decoder = field(factory=Decoder)


class Nursery:
    """The template process."""

    def __init__(self, program: Program, read_fd: int, write_fd: int) -> None:
        """``program`` is what each child runs."""
        self._program = program
        self._in, self._out = read_fd, write_fd
        self._decoder = Decoder()
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._serving = True

    def serve(self) -> None:
        """Fork and relay until the daemon closes its end; the children then end by themselves."""
        # Both reach the whole group: the daemon decides what they mean.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._selector.register(self._in, _READ, self._daemon_spoke)
        gc.collect()
        gc.freeze()  # else the first collection in each child would copy every page
        with contextlib.suppress(BrokenPipeError):
            while self._serving:
                for key, _ in self._selector.select():
                    if self._selector.get_map().get(key.fd) is key:
                        key.data()

    def _daemon_spoke(self) -> None:
        data = os.read(self._in, _CHUNK)
        self._serving = bool(data)
        for frame in self._decoder.feed(data):
            self._obey(frame)

    def _obey(self, frame: dict[str, Any]) -> None:
        number = frame["child"]
        if frame["kind"] == "fork":
            self._fork(number)
            return
        child = self._children.get(number)
        if child is None:
            return
        match frame["kind"]:
            case "to":
                with contextlib.suppress(OSError):  # it is ending; that is told separately
                    child.link.sendall(encode(frame["message"]))
            case "signal":
                os.kill(child.pid, frame["signal"])
            case "close":
                with contextlib.suppress(OSError):
                    child.link.shutdown(socket.SHUT_WR)

    def _fork(self, number: int) -> None:
        forked = fork(lambda ours, theirs: self._become(number, ours, theirs))
        if isinstance(forked, OSError):
            why = forked.strerror
            print(f"ERROR a worker cannot be forked: {why}", file=sys.stderr, flush=True)
            self._say({"kind": "ended", "child": number, "status": 1 << 8})
            return
        child = _Child(number, forked.pid, forked.link, forked.exit_fd)
        self._children[number] = child
        self._selector.register(child.link, _READ, lambda: self._child_spoke(child))
        self._selector.register(child.exit_fd, _READ, lambda: self._child_ended(child))
        self._say({"kind": "forked", "child": number, "pid": child.pid})

    def _become(self, number: int, ours: socket.socket, theirs: socket.socket) -> NoReturn:
        code = 1
        try:
            ours.close()
            for child in self._children.values():
                child.link.close()
                os.close(child.exit_fd)
            self._selector.close()
            os.close(self._in)
            os.close(self._out)
            with contextlib.suppress(OSError), open("/proc/self/comm", "w") as name:
                name.write("txsalt-worker")
            code = self._program(theirs.fileno(), theirs.fileno())
        finally:
            os._exit(code)

    def _child_spoke(self, child: _Child) -> None:
        try:
            data = child.link.recv(_CHUNK)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(child.link)
            return
        for message in child.decoder.feed(data):
            self._say({"kind": "from", "child": child.number, "message": message})

    def _child_ended(self, child: _Child) -> None:
        _, status = os.waitpid(child.pid, 0)
        self._last_words(child)
        with contextlib.suppress(KeyError):
            self._selector.unregister(child.link)
        self._selector.unregister(child.exit_fd)
        child.link.close()
        os.close(child.exit_fd)
        del self._children[child.number]
        self._say({"kind": "ended", "child": child.number, "status": status})

    def _last_words(self, child: _Child) -> None:
        """Pass on what a child wrote just before its end, of which we may be told first."""
        child.link.setblocking(False)
        with contextlib.suppress(OSError):
            while data := child.link.recv(_CHUNK):
                for message in child.decoder.feed(data):
                    self._say({"kind": "from", "child": child.number, "message": message})

    def _say(self, frame: dict[str, Any]) -> None:
        # Blocks while the pipe is full: the daemon always reads, or has gone.
        data = memoryview(encode(frame))
        while data:
            data = data[os.write(self._out, data) :]
