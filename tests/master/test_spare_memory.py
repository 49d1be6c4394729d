"""Tests of giving memory back."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txsalt.master.daemon.spare_memory import EVERY_SECONDS, MUCH, SpareMemory, trim


class SpareMemoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.done = 0
        self.trimmed: list[float] = []
        self.service = SpareMemory(
            self.clock, lambda: self.done, lambda: self.trimmed.append(self.clock.seconds())
        )
        self.service.startService()
        self.addCleanup(self.service.stopService)

    def test_after_much_work(self) -> None:
        """
        Memory is given back during a flood, and once more after it.
        """
        for _ in range(2):
            self.done += MUCH
            self.clock.advance(EVERY_SECONDS)
        self.clock.pump([EVERY_SECONDS] * 3)
        self.assertEqual(self.trimmed, [EVERY_SECONDS, 2 * EVERY_SECONDS, 3 * EVERY_SECONDS])

    def test_little_work(self) -> None:
        """
        A master with little to do does not care.
        """
        for _ in range(10):
            self.done += 1
            self.clock.advance(EVERY_SECONDS)
        self.assertEqual(self.trimmed, [])

    def test_stopped(self) -> None:
        """
        It ends with the master, also when it is told twice.
        """
        self.service.stopService()
        self.done = MUCH
        self.clock.advance(EVERY_SECONDS)
        self.service.stopService()
        self.assertEqual((self.trimmed, self.clock.getDelayedCalls()), ([], []))

    def test_here(self) -> None:
        """
        The C library of this machine is asked without harm.
        """
        trim()
