"""The program that collects grains, when it does not behave."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.daemon import grains_child
from txsalt.minion.daemon.grains_child import PATIENCE, GrainsNotCollected
from txsalt.process.ordered import START_DEADLINE
from txsalt.process.spawn import ExitStatus


class FakeChild:
    """A program that ends when the test says so."""

    def __init__(self) -> None:
        self.ended: Deferred[ExitStatus] = Deferred()
        self.sent: list[dict[str, Any]] = []
        self.signals: list[str] = []
        self.say: Any = None
        self.complain: Any = None

    def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def signal(self, name: str) -> None:
        self.signals.append(name)


class GrainsChildTests(SynchronousTestCase):
    """One collection."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.child = FakeChild()
        self.patch(grains_child, "spawn_program", self.spawn)

    def spawn(self, *_: Any, on_message: Any, on_output: Any, **__: Any) -> FakeChild:
        self.child.say, self.child.complain = on_message, on_output
        return self.child

    def collect(self) -> Deferred[dict[str, Any]]:
        reactor: Any = self.clock
        return Deferred.fromCoroutine(grains_child.collect(reactor, {"id": "m1"}))

    def test_does_not_end(self) -> None:
        """
        Grains that came count, though the program hangs in a file system that does not answer.
        """
        found = self.collect()
        self.child.say({"kind": "grains", "grains": {"os": "Debian"}})
        self.assertEqual(self.successResultOf(found), {"os": "Debian"})
        self.clock.advance(PATIENCE)
        self.assertEqual(self.child.signals, ["KILL"])

    def test_names_what_hangs(self) -> None:
        """
        What is left out is named in a log that has warnings only, as it is unless I say otherwise.
        """
        self.collect()
        with capturedLogs() as logged:
            self.child.complain("grains: own.slow took over 10 s and is left out")
            self.child.complain("printed by a module")
        self.assertEqual(
            [(each["log_level"], formatEvent(each)) for each in logged],
            [
                (LogLevel.warn, "grains: own.slow took over 10 s and is left out"),
                (LogLevel.warn, "grains: printed by a module"),
            ],
        )

    def test_says_nothing(self) -> None:
        """
        A program that neither speaks nor ends, not even when it is killed, holds no start up.
        """
        found = self.collect()
        self.clock.advance(PATIENCE - 1)
        self.assertNoResult(found)
        self.clock.advance(1)
        self.failureResultOf(found, GrainsNotCollected)
        self.assertEqual(self.child.signals, ["KILL"])
        self.assertLess(PATIENCE, START_DEADLINE)
        self.child.ended.callback(ExitStatus(None, 9))

    def test_ends_without_grains(self) -> None:
        """
        A program that ends without grains is told of at once.
        """
        found = self.collect()
        self.child.ended.callback(ExitStatus(1, None))
        failure = self.failureResultOf(found, GrainsNotCollected)
        self.assertIn("exit code 1", str(failure.value))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cancelled(self) -> None:
        """
        A stop of the minion ends the program.
        """
        found = self.collect()
        found.cancel()
        self.failureResultOf(found)
        self.assertEqual(self.child.signals, ["KILL"])
        self.child.ended.callback(ExitStatus(None, 9))
        self.assertEqual(self.clock.getDelayedCalls(), [])
