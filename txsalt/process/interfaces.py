"""
What this room needs of a reactor, and of the process transport it makes.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from twisted.internet.defer import Deferred


class Timer(Protocol):
    """A call that is due later."""

    def active(self) -> bool:
        """Whether it was neither made nor cancelled."""

    def cancel(self) -> None:
        """Do not make it."""


class Clock(Protocol):
    """Time that never goes back, in seconds."""

    def seconds(self) -> float:
        """Now."""

    def callLater(self, delay: float, deed: Callable[..., object], *arguments: object) -> Timer:
        """Call after ``delay`` seconds."""


class ProcessReactor(Clock, Protocol):
    """A reactor that starts processes."""

    # Any: Twisted's own types of these are too narrow for what it accepts.
    def spawnProcess(self, protocol: Any, executable: Any, args: Any, **options: Any) -> Any:
        """Start one; gives its ProcessTransport."""


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
