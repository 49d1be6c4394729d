"""Timers while somebody sets the clock."""

from twisted.internet.defer import Deferred
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import SynchronousTestCase

from txsalt.process.steady import SteadyReactor


class SteadyReactorTests(SynchronousTestCase):
    """The clock of the machine is set while a daemon waits."""

    def setUp(self) -> None:
        self.wall, self.monotonic = 1_700_000_000.0, 50.0
        self.inner = SelectReactor()
        self.addCleanup(self.inner.removeAll)
        self.reactor = SteadyReactor(self.inner, lambda: self.monotonic, lambda: self.wall)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.monotonic += seconds
        self.inner.runUntilCurrent()

    def test_set_back(self) -> None:
        """
        A timer comes when its time has passed, also when the clock went back by two hours.
        """
        came: list[int] = []
        self.reactor.callLater(10, came.append, 1)
        self.wait(1)
        self.wall -= 7200
        self.wait(8)
        self.assertEqual(came, [])
        self.wait(2)
        self.assertEqual(came, [1])

    def test_set_forward(self) -> None:
        """
        No timer comes early because the clock went forward.
        """
        answer: Deferred[None] = Deferred()
        answer.addTimeout(10, self.reactor)
        self.wall += 86400
        self.wait(9)
        self.assertNoResult(answer)
        self.wait(2)
        self.failureResultOf(answer)

    def test_repeated(self) -> None:
        """
        What is done each minute goes on, whichever way the clock is set.
        """
        came: list[float] = []
        loop = LoopingCall(lambda: came.append(self.monotonic))
        loop.clock = self.reactor
        done = loop.start(60)
        for step in (-7200, 7200, 0):
            self.wall += step
            self.wait(60)
            self.wait(60)
        loop.stop()
        self.successResultOf(done)
        self.assertGreaterEqual(len(came), 5)

    def test_time(self) -> None:
        """
        Who asks for the time gets that of the wall; all else is the reactor's.
        """
        self.assertEqual(self.reactor.seconds(), 1_700_000_000.0)
        self.assertEqual(self.reactor.getThreadPool, self.inner.getThreadPool)
