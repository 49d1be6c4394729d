"""Tests of ending workers that stand still."""

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from txsalt.master.daemon.watchdog import Watchdog

SECONDS = 60.0
LOOK = 10.0


class WatchdogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.in_hand: dict[int, object] = {}
        self.ended: list[int] = []
        self.dog = self.watch(SECONDS)

    def watch(self, seconds: float) -> Watchdog:
        """A watchdog that runs."""
        dog = Watchdog(self.clock, seconds, lambda: self.in_hand, self.ended.append)
        dog.startService()
        self.addCleanup(dog.stopService)
        return dog

    def test_stuck(self) -> None:
        """
        A worker that does not answer one request is ended after the time it may take, and the log
        says which one and why; it is not ended again before that time has passed once more.
        """
        self.in_hand = {3: b"a request"}
        with capturedLogs() as events:
            self.clock.pump([LOOK] * 6)
            self.assertEqual(self.ended, [])
            self.clock.advance(LOOK)
        self.assertEqual(self.ended, [3])
        self.assertEqual([each["worker"] for each in events], [3])
        self.clock.pump([LOOK] * 6)
        self.assertEqual(self.ended, [3])

    def test_busy(self) -> None:
        """
        A worker that is always busy but answers is left alone.
        """
        for number in range(30):
            self.in_hand = {0: f"request {number // 5}"}
            self.clock.advance(LOOK)
        self.assertEqual(self.ended, [])

    def test_stopped_daemon(self) -> None:
        """
        A daemon that was itself stopped for an hour, or whose clock was set, blames nobody.
        """
        self.in_hand = {0: b"a request"}
        self.clock.advance(3600)
        self.clock.advance(3600)
        self.assertEqual(self.ended, [])

    def test_never(self) -> None:
        """
        With worker_time_max 0 a request may take for ever.
        """
        self.dog.stopService()
        self.watch(0)
        self.in_hand = {0: b"a request"}
        self.clock.advance(3600)
        self.assertEqual((self.clock.getDelayedCalls(), self.ended), ([], []))
