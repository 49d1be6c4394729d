"""
Tests of the harness: the stories must come true between Salt's own daemons.

They show that a failure in the other modules is ours, and which complaints are Salt's own.
"""

from tests.interop import cases, stories
from tests.interop.complaints import complaints
from tests.interop.harness import Fleet, StockMaster, StockMinion

LINE = "3008"
LOST = "Request timed out while waiting for a response"


class ControlTests(stories.StockMinionStory):
    """A stock minion under a stock master."""

    lines = (LINE,)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(StockMaster(LINE))
        fleet.add(StockMinion(LINE, fleet.master, self.minion_id))
        return fleet

    def faults(self, log: str) -> list[str]:
        """All, but for what a stock master that restarts loses of what is under way."""
        return [each for each in super().faults(log) if LOST not in each]


class ComplaintsTests(cases.SynchronousTestCase):
    """The search for complaints itself."""

    HEAD = "2026-01-01 00:00:00,001 [salt.minion :1 ][{}][77] {}\n"

    def test_error_is_found(self) -> None:
        """
        An error is reported with the lines that belong to it.
        """
        log = self.HEAD.format("INFO    ", "fine") + self.HEAD.format("ERROR   ", "bad\n  more")
        self.assertEqual(len(complaints(log)), 1)
        self.assertIn("more", complaints(log)[0])

    def test_traceback_is_found(self) -> None:
        """
        A traceback is reported at whatever level it was logged.
        """
        log = self.HEAD.format("WARNING ", "odd\nTraceback (most recent call last):\n  x")
        self.assertEqual(len(complaints(log)), 1)

    def test_own_noise_is_not(self) -> None:
        """
        What a stock minion says of itself under any master is no complaint.
        """
        text = "The Salt Master has cached the public key for this node, it will wait"
        self.assertEqual(complaints(self.HEAD.format("ERROR   ", text)), [])
