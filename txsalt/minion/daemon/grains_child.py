"""
Collect grains in a program of their own: it may take seconds, and modules of users run in it.
"""

from collections.abc import Mapping
from typing import Any  # grains are any msgpack value

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from txsalt.errors import LocalError
from txsalt.light import frozen
from txsalt.process.interfaces import IProcessReactor
from txsalt.process.spawn import Child, ExitStatus, spawn_program

PATIENCE = 45.0  # seconds; less than what a service may take to start
_MODULE = "txsalt.minion.grains"

_log = Logger()


@frozen
class GrainsNotCollected(LocalError):
    """The program that collects grains ended without them."""

    reason: str

    def __str__(self) -> str:
        return f"grains were not collected: {self.reason}"


async def collect(reactor: IProcessReactor, config: Mapping[str, object]) -> dict[str, Any]:
    """
    Run the program once and return its grains. Raises GrainsNotCollected.

    Its end is not waited for: a thread of it may be stuck in a file system that does not answer,
    and then not even KILL ends it.
    """
    found: Deferred[dict[str, Any]] = Deferred(lambda _: child.signal("KILL"))
    try:
        child = spawn_program(
            reactor,
            _MODULE,
            ["--pipe"],
            on_message=lambda message: _received(message, found),
            on_output=_complained,
        )
    except OSError as exc:
        raise GrainsNotCollected(exc.strerror or str(exc)) from exc
    overdue = reactor.callLater(PATIENCE, _give_up, child, found)
    child.ended.addCallback(_ended, found, overdue)
    child.send({"kind": "hello", "config": dict(config)})
    return await found


def _complained(line: str) -> None:
    """Tell what the program says, for it speaks of sources only that failed or hang."""
    _log.warn("{line}", line=line if line.startswith("grains: ") else f"grains: {line}")


def _received(message: Mapping[str, Any], found: Deferred[dict[str, Any]]) -> None:
    grains = message.get("grains")
    if message.get("kind") == "grains" and isinstance(grains, dict) and not found.called:
        found.callback(grains)


def _ended(
    status: ExitStatus, found: Deferred[dict[str, Any]], overdue: IDelayedCall
) -> ExitStatus:
    if overdue.active():
        overdue.cancel()
    if not found.called:
        found.errback(GrainsNotCollected(f"the program ended with {status}"))
    return status


def _give_up(child: Child, found: Deferred[dict[str, Any]]) -> None:
    child.signal("KILL")
    if not found.called:
        found.errback(GrainsNotCollected(f"the program took over {PATIENCE:g} s"))
