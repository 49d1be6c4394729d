"""
One TCP connection that speaks ZMTP, without blocking.

Interactions: the lanes send requests on some, the ears hear publications on others. A connection
that is lost says so once, with the reason; whoever owns it decides whether to make another.
"""

import errno
import os
import select
import socket
from collections.abc import Callable

from txsalt.errors import RemoteError
from txsalt.swarm import zmtp
from txsalt.swarm.loop import Loop

Address = tuple[str, int]
_READ_BYTES = 256 * 1024


class Connection:
    """A client's end; ``is_up`` once the peer has introduced itself."""

    def __init__(
        self,
        loop: Loop,
        address: Address,
        socket_type: bytes,
        on_message: Callable[[list[bytes]], None],
        on_lost: Callable[[str], None],
        on_up: Callable[[], None] | None = None,
    ) -> None:
        self.is_up = False
        self._loop = loop
        self._on_message, self._on_lost, self._on_up = on_message, on_lost, on_up
        self._decoder = zmtp.Decoder()
        self._out = zmtp.hello(socket_type)
        self._held = b""  # until the peer is READY
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket: socket.socket | None = socket.socket(family, socket.SOCK_STREAM)
        self._number = self._socket.fileno()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watched_for = select.EPOLLIN | select.EPOLLOUT
        loop.watch(self, self._watched_for)
        status = self._socket.connect_ex(address)
        if status not in (0, errno.EINPROGRESS):
            # Not from inside the constructor: the owner has no name for us yet.
            loop.later(0, lambda: self._lose(os.strerror(status)))

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._number

    def send(self, parts: list[bytes]) -> None:
        """Send a message; what the kernel does not take now is kept."""
        self.send_bytes(zmtp.frames(parts))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes that are ZMTP already."""
        if not self.is_up:
            self._held += data
        elif self._out:
            self._out += data
        else:
            self._out = data
            self._write()

    def close(self) -> None:
        """End it, without a word to anybody."""
        if self._socket is not None:
            self._loop.forget(self)
            self._socket.close()
            self._socket = None

    def ready(self, events: int) -> None:
        """Read and write what can be."""
        if events & select.EPOLLOUT:
            self._write()
        if self._socket is not None and events & ~select.EPOLLOUT:
            self._read()

    def _read(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(_READ_BYTES)
            if not data:
                self._lose("the peer closed the connection")
                return
            for item in self._decoder.feed(data):
                self._take(item)
        except BlockingIOError:
            return
        except (OSError, RemoteError) as exc:
            self._lose(str(exc))

    def _take(self, item: zmtp.Message | zmtp.Command) -> None:
        if self._socket is None:
            return  # closed by whoever got the message before
        if not isinstance(item, zmtp.Command):
            self._on_message(item)
        elif item.name == b"READY":
            self.is_up = True
            self._out, self._held = self._out + self._held, b""
            self._write()
            if self._on_up is not None:
                self._on_up()
        elif item.name == b"PING":
            self._out += zmtp.pong(item)
            self._write()

    def _write(self) -> None:
        if self._socket is None:
            return
        if self._out:
            try:
                self._out = self._out[self._socket.send(self._out) :]
            except BlockingIOError:
                pass
            except OSError as exc:
                self._lose(str(exc))
                return
        wanted = select.EPOLLIN | (select.EPOLLOUT if self._out else 0)
        if wanted != self._watched_for:
            self._watched_for = wanted
            self._loop.watch(self, wanted)

    def _lose(self, reason: str) -> None:
        if self._socket is not None:
            self.close()
            self._on_lost(reason)
