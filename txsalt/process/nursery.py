"""
Fork programs from one that has imported everything they need, instead of starting each by itself.

Interactions: the nursery is one program of ours (``spawn_program``); it forks a child for each
``fork`` frame and passes frames on between us and the children. They share the pages of what was
imported, and start in milliseconds. When the nursery dies its children end too, and the next
``spawn`` starts another.

Source: benchmarks/README.md: five workers forked take half the memory of five started.
"""

import os
import signal as signals
from collections.abc import Callable, Mapping
from typing import Any  # messages are maps of any msgpack value

from twisted.internet.defer import Deferred, succeed

from txsalt.process.ending import end_program
from txsalt.process.interfaces import IProcessReactor
from txsalt.process.spawn import Child, ExitStatus, spawn_program

_KILLED = ExitStatus(None, int(signals.SIGKILL))


class ForkedChild:
    """A child of the nursery; offers what ``Child`` offers."""

    def __init__(self, nursery: "Nursery", number: int, on_message: Callable[[dict], None]) -> None:
        self.pid: int | None = None  # until it is forked
        self.ended: Deferred[ExitStatus] = Deferred()
        self.on_message = on_message
        self._nursery = nursery
        self._number = number

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message; without effect when the child is gone."""
        self._nursery.tell("to", self._number, message=dict(message))

    def signal(self, name: str | int) -> None:
        """Send a signal ("TERM", "KILL", or a number)."""
        number = name if isinstance(name, int) else int(signals.Signals[f"SIG{name}"])
        self._nursery.tell("signal", self._number, signal=number)

    def close_input(self) -> None:
        """Close what the child reads from: each program of ours ends on that."""
        self._nursery.tell("close", self._number)


class Nursery:
    """One template program and its children."""

    def __init__(
        self, reactor: IProcessReactor, module: str, on_output: Callable[[str], None]
    ) -> None:
        """``on_output`` gets each line that the template or a child prints."""
        self._reactor = reactor
        self._module = module
        self._on_output = on_output
        self._template: Child | None = None
        self._children: dict[int, ForkedChild] = {}
        self._last = 0

    @property
    def pid(self) -> int | None:
        """The template's process, None while there is none."""
        return self._template.pid if self._template else None

    def spawn(self, on_message: Callable[[dict], None]) -> ForkedChild:
        """Fork a child. Raises OSError if the system starts no template."""
        if self._template is None:
            self._template = spawn_program(
                self._reactor,
                self._module,
                [],
                on_message=self._received,
                on_output=self._on_output,
            )
            self._template.ended.addCallback(self._template_ended)
        self._last += 1
        child = self._children[self._last] = ForkedChild(self, self._last, on_message)
        self.tell("fork", self._last)
        return child

    def tell(self, kind: str, number: int, **fields: Any) -> None:
        """Send a frame about one child to the template."""
        if self._template is not None and number in self._children:
            self._template.send({"kind": kind, "child": number, **fields})

    def stop(self) -> "Deferred[Any]":
        """End the template, and with it what is left of its children."""
        if self._template is None:
            return succeed(None)
        return end_program(self._template, self._reactor)

    def _received(self, frame: dict[str, Any]) -> None:
        child = self._children.get(frame.get("child", 0))
        if child is None:
            return
        match frame["kind"]:
            case "forked":
                child.pid = frame["pid"]
            case "from":
                child.on_message(frame["message"])
            case "ended":
                del self._children[frame["child"]]
                child.ended.callback(_status(frame["status"]))

    def _template_ended(self, status: ExitStatus) -> ExitStatus:
        self._template = None
        orphans, self._children = list(self._children.values()), {}
        for child in orphans:
            child.ended.callback(_KILLED)
        return status


def _status(wait_status: int) -> ExitStatus:
    if os.WIFSIGNALED(wait_status):
        return ExitStatus(None, os.WTERMSIG(wait_status))
    return ExitStatus(os.waitstatus_to_exitcode(wait_status), None)
