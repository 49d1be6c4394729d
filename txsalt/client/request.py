"""
Ask the local master on its request port, in clear text with the secret of this user.

Source: PROTOCOL section 10.
"""

import time
from typing import Any  # loads are maps of any msgpack value

import zmq

from txsalt.errors import MasterUnreachable, RequestRefused
from txsalt.wire import envelope

# A master that is being started answers within these seconds; where nothing listens for as long,
# no patience helps.
START_SECONDS = 5.0
_LOOK_EVERY = 0.5  # seconds
_RUNNING = "is txsalt-master running?"


class Requests:
    """One connection to the request port, kept open between questions."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str) -> None:
        self._context = context
        self._endpoint = endpoint
        self._socket: zmq.Socket[bytes] | None = None

    def ask(self, load: dict[str, Any], timeout: float) -> Any:
        """
        Send one clear request and return the reply's value, or the load of a clear envelope.

        Raises MasterUnreachable without an answer in ``timeout`` seconds, or in 5 while nothing
        listens there; RequestRefused for "bad load".
        """
        socket = self._connected()
        # Until there is an answer the socket is good for nothing else: whatever happens, drop it.
        self._socket = None
        try:
            socket.send(envelope.write_clear_request(load))
            self._wait(socket, timeout)
            raw = socket.recv()
        except BaseException:
            socket.close()
            raise
        self._socket = socket
        return _value(envelope.read_reply(raw))

    def connect(self) -> None:
        """Begin to connect, for a question that comes soon; one that comes now need not ask."""
        self._connected()

    def close(self) -> None:
        """Disconnect; the next question connects again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _wait(self, socket: "zmq.Socket[bytes]", timeout: float) -> None:
        now = time.monotonic()
        deadline, heard_of = now + timeout, now
        while not socket.poll(int(max(0, min(_LOOK_EVERY, deadline - now)) * 1000)):
            now = time.monotonic()
            if _somebody_listens(self._endpoint):
                heard_of = now
            if now >= heard_of + START_SECONDS:
                raise MasterUnreachable(self._endpoint, f"nothing listens there; {_RUNNING}")
            if now >= deadline:
                raise MasterUnreachable(self._endpoint, f"no answer within {timeout:g} s")

    def _connected(self) -> "zmq.Socket[bytes]":
        if self._socket is None:
            self._socket = self._new_socket()
        return self._socket

    def _new_socket(self) -> "zmq.Socket[bytes]":
        socket = self._context.socket(zmq.REQ)
        socket.set(zmq.LINGER, 0)
        if "[" in self._endpoint:
            socket.set(zmq.IPV6, 1)
        socket.connect(self._endpoint)
        return socket


def _somebody_listens(endpoint: str) -> bool:
    # Only here: nobody pays for it whom the master answers.
    import errno
    import socket as sockets
    from urllib.parse import urlsplit

    parts = urlsplit(endpoint)
    family = sockets.AF_INET6 if "[" in endpoint else sockets.AF_INET
    with sockets.socket(family) as probe:
        probe.settimeout(_LOOK_EVERY)
        return probe.connect_ex((parts.hostname, parts.port)) != errno.ECONNREFUSED


def _value(reply: envelope.Reply) -> Any:
    if isinstance(reply, envelope.ClearReply):
        return reply.load
    if isinstance(reply, envelope.BareReply):
        if reply.value == envelope.BAD_LOAD.encode():
            raise RequestRefused(envelope.BAD_LOAD)
        return reply.value
    raise RequestRefused("the answer is not one for local tools")
