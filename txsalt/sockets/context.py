"""
Own the ZeroMQ context of a daemon: the first service to start, the last to stop.

A context has threads of its own, so it is made in startService and not before: twistd daemonizes by
fork after makeService, and threads stay behind in the parent.
"""

from twisted.application.service import Service
from txzmq import ZmqFactory

# A leaked factory must never be garbage collected: Context.__del__ calls term(), which blocks the
# process for ever while a socket is open.
_live: set["LiveFactory"] = set()


class LiveFactory(ZmqFactory):
    """A ZmqFactory that survives neglect and may be shut down twice."""

    lingerPeriod = 0  # each socket sets its own

    def __init__(self, reactor: object | None = None, io_threads: int = 1) -> None:
        """``reactor`` stands in for the global one, if given."""
        self.ioThreads = io_threads
        if reactor is not None:
            self.reactor = reactor
        super().__init__()
        _live.add(self)

    def shutdown(self) -> None:
        """Close every socket, then the context; blocks for the longest linger of a stuck peer."""
        if self.context is None:
            return
        _live.discard(self)
        super().shutdown()


class SocketContext(Service):
    """
    The context that every socket of a daemon lives in.

    Stopping it closes the sockets that are still open.
    """

    name: str | None = "sockets"  # type: ignore[assignment]

    def __init__(self, reactor: object | None = None, io_threads: int = 1) -> None:
        """
        Opens nothing yet; ``reactor`` is the global one unless given.

        Two ``io_threads`` serve thousands of subscribers sooner than one.
        """
        self._reactor = reactor
        self._io_threads = io_threads
        self._factory: LiveFactory | None = None

    @property
    def factory(self) -> ZmqFactory:
        """
        The live factory. Raises RuntimeError before the start and after the stop: a bug of ours.
        """
        if self._factory is None:
            raise RuntimeError(
                "sockets are opened in startService, after the socket context started"
            )
        return self._factory

    def startService(self) -> None:
        """Make the context."""
        super().startService()
        if self._factory is None:
            self._factory = LiveFactory(self._reactor, self._io_threads)

    def stopService(self) -> None:
        """Close all sockets and the context."""
        super().stopService()
        factory, self._factory = self._factory, None
        if factory is not None:
            factory.shutdown()
