"""
What this room needs of a reactor, and of the process transport it makes.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorProcess, IReactorTime


class IProcessReactor(IReactorTime, IReactorProcess):
    """A reactor that starts processes."""


class ProcessTransport(Protocol):
    """Twisted's transport of a POSIX process; ``pipes`` by descriptor in the child."""

    pid: int
    pipes: dict[int, object]

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """Write, and queue what the pipe does not take."""

    def closeChildFD(self, childFD: int) -> None:
        """Close our end once all is written."""

    def signalProcess(self, signalID: str | int) -> None:
        """Send a signal; raises ProcessExitedAlready."""


class Program(Protocol):
    """A running program, whichever way it was started: ``Child`` or ``ForkedChild``."""

    ended: Deferred[Any]  # fires with an ExitStatus

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message."""

    def signal(self, name: str | int) -> None:
        """Send a signal."""

    def close_input(self) -> None:
        """Close what it reads from."""
