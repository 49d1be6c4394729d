"""What the socket tests share: a live context, short paths, and waiting without sleeping."""

import os
import tempfile
from collections.abc import Callable

import zmq
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import TestCase

from txsalt.sockets.context import SocketContext


def until(condition: Callable[[], bool]) -> Deferred[None]:
    """
    Fire as soon as the condition holds, looked at every 2 ms; trial's time-out bounds it.
    """
    done: Deferred[None] = Deferred()

    def look() -> None:
        if condition():
            loop.stop()

    loop = LoopingCall(look)
    loop.start(0.002).chainDeferred(done)
    done.addCallback(lambda _: None)
    return done


class SocketTestCase(TestCase):
    """
    Each test has a socket context and a plain pyzmq one of its own.
    """

    timeout = 20

    def setUp(self) -> None:
        self.context = SocketContext(reactor)
        self.context.startService()
        self.addCleanup(self.context.stopService)
        self.kept: list[zmq.Socket] = []
        self.plain_context = zmq.Context()
        self.addCleanup(self.plain_context.destroy, 0)

    def ipc(self) -> str:
        """An endpoint in a folder of its own, short enough for a socket."""
        folder = tempfile.TemporaryDirectory(prefix="tx", dir="/tmp")
        self.addCleanup(folder.cleanup)
        return "ipc://" + os.path.join(folder.name, "s.ipc")

    def plain(self, kind: int, endpoint: str, *, bind: bool = False) -> zmq.Socket:
        """A plain pyzmq socket, outside the reactor."""
        socket = self.plain_context.socket(kind)
        socket.set(zmq.LINGER, 0)
        (socket.bind if bind else socket.connect)(endpoint)
        self.kept.append(socket)  # a collected socket closes, with what it did not deliver yet
        return socket
