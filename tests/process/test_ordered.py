"""Tests of txsalt.process.ordered."""

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txsalt.process.ordered import OrderedMultiService


class Recorder(Service):
    """Writes down what is asked of it; its Deferreds are fired by the test."""

    def __init__(self, name: str, diary: list[str], *, slow: bool = False) -> None:
        self.label = name
        self.diary = diary
        self.slow = slow
        self.started: Deferred[None] = Deferred()
        self.stopped: Deferred[None] = Deferred()

    def startService(self) -> Deferred[None] | None:
        Service.startService(self)
        self.diary.append(f"start {self.label}")
        return self.started if self.slow else None

    def stopService(self) -> Deferred[None] | None:
        Service.stopService(self)
        self.diary.append(f"stop {self.label}")
        return self.stopped if self.slow else None


class Broken(Service):
    def startService(self) -> Deferred[None]:
        return fail(ValueError("port in use"))


class OrderedMultiServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.diary: list[str] = []
        self.failures: list[Failure] = []

    def tree(self, *services: Service) -> OrderedMultiService:
        tree = OrderedMultiService(self.clock, on_start_failure=self.failures.append)
        for service in services:
            tree.add(service, stop_deadline=5)
        return tree

    def recorder(self, name: str, *, slow: bool = False) -> Recorder:
        return Recorder(name, self.diary, slow=slow)

    def test_in_order_and_back(self) -> None:
        """
        Services start in the order in which they were added, and stop in the reverse order.
        """
        tree = self.tree(self.recorder("a"), self.recorder("b"))
        self.successResultOf(tree.startService())
        self.successResultOf(tree.stopService())
        self.assertEqual(self.diary, ["start a", "start b", "stop b", "stop a"])

    def test_next_waits_for_a_slow_one(self) -> None:
        """
        A service starts only once the one before it is ready, and stops only once the one after
        it is gone.
        """
        slow = self.recorder("slow", slow=True)
        tree = self.tree(self.recorder("a"), slow, self.recorder("z"))
        started = tree.startService()
        self.assertEqual(self.diary, ["start a", "start slow"])
        slow.started.callback(None)
        self.successResultOf(started)
        stopped = tree.stopService()
        self.assertEqual(self.diary[3:], ["stop z", "stop slow"])
        self.assertNoResult(stopped)
        slow.stopped.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(self.diary[-1], "stop a")

    def test_one_that_never_stops_costs_its_deadline(self) -> None:
        """
        A service that does not stop holds the others up for its deadline and no longer.
        """
        slow = self.recorder("slow", slow=True)
        tree = self.tree(self.recorder("a"), slow)
        tree.startService()
        slow.started.callback(None)
        stopped = tree.stopService()
        self.clock.advance(5)
        self.successResultOf(stopped)
        self.assertEqual(self.diary[-1], "stop a")
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_stop_twice(self) -> None:
        """
        Stopping twice stops everything once, and both callers learn when it is done.
        """
        slow = self.recorder("slow", slow=True)
        tree = self.tree(slow)
        tree.startService()
        slow.started.callback(None)
        first, second = tree.stopService(), tree.stopService()
        slow.stopped.callback(None)
        self.successResultOf(first)
        self.successResultOf(second)
        self.successResultOf(tree.stopService())
        self.assertEqual(self.diary, ["start slow", "stop slow"])

    def test_stop_while_starting(self) -> None:
        """
        A stop that comes while a service still starts does not wait for it, and starts no other.
        """
        slow = self.recorder("slow", slow=True)
        tree = self.tree(slow, self.recorder("z"))
        tree.startService()
        stopped = tree.stopService()
        slow.stopped.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(self.diary, ["start slow", "stop slow"])
        self.assertEqual(self.failures, [])

    def test_start_failure_stops_the_others_and_is_told(self) -> None:
        """
        When a service cannot start, those before it are stopped and the reason is handed on once.
        """
        tree = self.tree(self.recorder("a"), Broken(), self.recorder("z"))
        self.successResultOf(tree.startService())
        self.assertEqual(self.diary, ["start a", "stop a"])
        self.assertEqual([str(f.value) for f in self.failures], ["port in use"])
        self.assertFalse(tree.running)

    def test_start_failure_without_a_listener(self) -> None:
        """
        Without somebody to tell, the Deferred of the start fails.
        """
        tree = OrderedMultiService(self.clock)
        tree.add(Broken())
        self.failureResultOf(tree.startService(), ValueError)

    def test_start_again(self) -> None:
        """
        A stopped tree can be started again.
        """
        tree = self.tree(self.recorder("a"))
        tree.startService()
        tree.stopService()
        self.successResultOf(tree.startService())
        self.successResultOf(tree.stopService())
        self.assertEqual(self.diary, ["start a", "stop a"] * 2)
