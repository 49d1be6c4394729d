"""
What a job knows and may ask.

A job is a forked child of the zygote; its questions go up to the daemon, which owns keys and
sockets, and it waits for the answer.
"""

import itertools
import os
import socket
import threading

from txsalt.errors import BadEncoding
from txsalt.wire.pipe import Decoder, encode

_CHUNK = 1 << 18


class CallRefused(RuntimeError):
    """The daemon did not do what a job asked; the text says why. Modules may let it pass."""


class Link:
    """The job's end of its socket pair with the zygote. Threads of the job may share it."""

    def __init__(self, link: socket.socket) -> None:
        """``link`` is blocking."""
        self._socket = link
        self._decoder = Decoder()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # one question in flight
        self._owner = os.getpid()

    def call(self, name: str, arguments: dict) -> object:
        """Ask, wait for the answer and give it. Raises CallRefused."""
        if os.getpid() != self._owner:
            raise CallRefused("only the job itself can ask, not a process that it forked")
        with self._lock:
            number = next(self._numbers)
            question = {"kind": "call", "call": number, "name": name, "arguments": arguments}
            try:
                self._socket.sendall(encode(question))
                return self._wait_for(number)
            except (OSError, BadEncoding) as exc:
                raise CallRefused(str(exc)) from exc

    def next_frame(self) -> dict | None:
        """Wait for what the zygote sends of itself; None when it is gone, or wants nothing."""
        while data := self._socket.recv(_CHUNK):
            for message in self._decoder.feed(data):
                return message
        return None

    def send_result(self, frame: bytes) -> None:
        """Send the last frame of the job."""
        self._socket.sendall(frame)

    def _wait_for(self, number: int) -> object:
        while data := self._socket.recv(_CHUNK):
            for answer in self._decoder.feed(data):
                if answer.get("call") != number:
                    continue
                if "error" in answer:
                    raise CallRefused(str(answer["error"]))
                return answer.get("value")
        raise CallRefused("the minion daemon is gone")


class JobContext:
    """
    The facts of this minion at the time of the fork, and the way to ask the daemon.

    ``config``, ``grains`` and ``pillar`` are the job's own copies.
    """

    def __init__(
        self, *, config: dict, grains: dict, pillar: dict, link: Link, jid: str = ""
    ) -> None:
        """Made by the zygote's child; ``jid`` is "" as long as it has no job."""
        self.jid = jid
        self.config = config
        self.grains = grains
        self.pillar = pillar
        self.live: object = None  # where the publication wants it, a ``live.Live``
        self._link = link

    def call(self, name: str, arguments: dict) -> object:
        """
        Ask the daemon ``fire_event``, ``request`` or ``refresh`` (docs/architecture.md); block.

        Raises CallRefused with the daemon's reason.
        """
        return self._link.call(name, arguments)
