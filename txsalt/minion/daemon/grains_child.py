"""
Collect grains in a program of their own: it may take seconds, and modules of users run in it.
"""

from collections.abc import Callable, Mapping
from typing import Any  # grains are any msgpack value

from attrs import field, frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from txsalt.errors import LocalError
from txsalt.process.interfaces import IProcessReactor
from txsalt.process.spawn import spawn_program

PATIENCE = 60.0  # seconds
_MODULE = "txsalt.minion.grains"

_log = Logger()


@frozen
class GrainsNotCollected(LocalError):
    """The program that collects grains ended without them."""

    reason: str

    def __str__(self) -> str:
        return f"grains were not collected: {self.reason}"


async def collect(reactor: IProcessReactor, config: Mapping[str, object]) -> dict[str, Any]:
    """Run the program once and return its grains. Raises GrainsNotCollected."""
    answer = _Answer()
    try:
        child = spawn_program(
            reactor,
            _MODULE,
            ["--pipe"],
            on_message=answer.received,
            on_output=lambda line: _log.info("grains: {line}", line=line),
        )
    except OSError as exc:
        raise GrainsNotCollected(exc.strerror or str(exc)) from exc
    child.send({"kind": "hello", "config": dict(config)})
    overdue = reactor.callLater(PATIENCE, child.signal, "KILL")
    try:
        status = await _shielded(child.ended, lambda: child.signal("KILL"))
    finally:
        if overdue.active():
            overdue.cancel()
    if answer.grains is None:
        raise GrainsNotCollected(f"the program ended with {status}")
    return answer.grains


@frozen
class _Answer:
    found: list[dict[str, Any]] = field(factory=list)

    @property
    def grains(self) -> dict[str, Any] | None:
        return self.found[-1] if self.found else None

    def received(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "grains" and isinstance(message.get("grains"), dict):
            self.found.append(message["grains"])


def _shielded(ended: Deferred[Any], give_up: Callable[[], None]) -> Deferred[Any]:
    """Follow ``ended``; a cancellation calls ``give_up`` and leaves ``ended`` to its owner."""
    follower: Deferred[Any] = Deferred(lambda _: give_up())

    def pass_on(status: object) -> object:
        if not follower.called:
            follower.callback(status)
        return status

    ended.addCallback(pass_on)
    return follower
