"""
Run one of our programs as a child process and talk to it on descriptors 3 and 4.

Descriptor 0 is empty, 1 and 2 are text that goes to the log: a stray print in a module never gets
into the protocol. The only caller of spawnProcess.
"""

import contextlib
import os
import site
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

import txsalt
from txsalt.errors import BadEncoding
from txsalt.light import frozen
from txsalt.process.interfaces import IProcessReactor, ProcessTransport
from txsalt.process.lines import Lines
from txsalt.wire.pipe import Decoder, encode

TO_CHILD = 3
FROM_CHILD = 4

# A descendant may hold our pipes for ever; what the child itself wrote is read long before this.
_PIPES_AFTER_EXIT = 1.0  # seconds


@frozen
class ExitStatus:
    """How a program ended: exactly one of the two is set."""

    code: int | None
    signal: int | None

    def __str__(self) -> str:
        return f"signal {self.signal}" if self.signal is not None else f"exit code {self.code}"


class Child:
    """A running program. Made by ``spawn_program``."""

    def __init__(self, transport: ProcessTransport, ended: Deferred[ExitStatus]) -> None:
        """``ended`` fires once, when the process is gone and all it wrote was delivered."""
        self.pid: int = transport.pid
        self.ended = ended
        self._transport = transport

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message; without effect when the program or its descriptor 3 is gone."""
        frame = encode(message)
        if TO_CHILD in self._transport.pipes:
            self._transport.writeToChild(TO_CHILD, frame)

    def signal(self, name: str | int) -> None:
        """Send a signal ("TERM", "KILL", or a number); without effect when the program is gone."""
        with contextlib.suppress(ProcessExitedAlready):
            self._transport.signalProcess(name)

    def close_input(self) -> None:
        """Close descriptor 3 after what was sent: each program of ours ends on that."""
        self._transport.closeChildFD(TO_CHILD)


def spawn_program(
    reactor: IProcessReactor,
    module: str,
    arguments: Sequence[str],
    *,
    on_message: Callable[[dict], None],
    on_output: Callable[[str], None],
    on_exit: Callable[[ExitStatus], None] | None = None,
    env: Mapping[str, str] | None = None,
) -> Child:
    """
    Run ``python -P -m module arguments…``.

    ``on_message`` gets each message, ``on_output`` each line of text of descriptors 1 and 2,
    ``on_exit`` the status just before ``ended`` fires. ``env`` is the whole environment (ours,
    unless given) and gets the folder of txsalt in PYTHONPATH. Raises OSError if the system starts
    no process.
    """
    protocol = _Program(reactor, on_message, on_output, on_exit)
    environment = _with_our_folder(dict(os.environ if env is None else env))
    command = [sys.executable, "-P", "-m", module, *arguments]
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # No path, uid or gid: with them Twisted forks this process instead of using posix_spawn.
        transport = reactor.spawnProcess(
            protocol,
            sys.executable,
            command,
            env=environment,
            childFDs={0: nothing, 1: "r", 2: "r", TO_CHILD: "w", FROM_CHILD: "r"},
        )
    finally:
        os.close(nothing)
    # Twisted tells its interface no more of it than what all systems have.
    return Child(cast(ProcessTransport, transport), protocol.ended)


class _Program(ProcessProtocol):
    log = Logger()
    transport: ProcessTransport  # type: ignore[assignment]

    def __init__(
        self,
        clock: IReactorTime,
        on_message: Callable[[dict], None],
        on_output: Callable[[str], None],
        on_exit: Callable[[ExitStatus], None] | None,
    ) -> None:
        self.ended: Deferred[ExitStatus] = Deferred()
        self._clock = clock
        self._on_message = on_message
        self._on_exit = on_exit
        self._decoder = Decoder()
        self._speaks = True
        self._lines = {1: Lines(on_output), 2: Lines(on_output)}
        self._giving_up: IDelayedCall | None = None

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        try:
            if childFD == FROM_CHILD:
                self._frames_received(data)
            else:
                self._lines[childFD].feed(data)
        except Exception:
            self.log.failure("while handling what a program said")

    def childConnectionLost(self, childFD: int) -> None:
        if childFD in self._lines:
            self._lines[childFD].end()

    def processExited(self, reason: Failure) -> None:
        self._giving_up = self._clock.callLater(_PIPES_AFTER_EXIT, self._close_pipes)

    def processEnded(self, reason: Failure) -> None:
        if self._giving_up is not None and self._giving_up.active():
            self._giving_up.cancel()
        ended = reason.value  # Twisted gives no other failures here
        assert isinstance(ended, ProcessDone | ProcessTerminated)
        status = ExitStatus(ended.exitCode, ended.signal)
        if self._on_exit is not None:
            try:
                self._on_exit(status)
            except Exception:
                self.log.failure("while handling the end of a program")
        self.ended.callback(status)

    def _close_pipes(self) -> None:
        for fd in list(self.transport.pipes):
            self.transport.closeChildFD(fd)

    def _frames_received(self, data: bytes) -> None:
        if not self._speaks:
            return
        try:
            messages = self._decoder.feed(data)
        except BadEncoding as exc:
            self._speaks = False
            self.log.error("program {pid} is killed: {error}", pid=self.transport.pid, error=exc)
            self.transport.signalProcess("KILL")
            return
        for message in messages:
            try:
                self._on_message(message)
            except Exception:
                self.log.failure("while handling a {kind} message", kind=message["kind"])


def _with_our_folder(environment: dict[str, str]) -> dict[str, str]:
    """-P keeps the working directory from being importable; a source checkout is named instead."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(txsalt.__file__)))
    # Where packages are installed it is on the path anyway, and must not come before the library.
    if folder not in {*site.getsitepackages(), site.getusersitepackages()}:
        path = [folder, *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(path)
    return environment
