"""Tests of our master with stock minions, driven by our command line."""

from tests.interop import stories
from tests.interop.harness import Fleet, StockMinion, TxMaster


class Salt3008MinionTests(stories.StockMinionStory):
    """A minion of the 3008 line under our master."""

    lines = ("3008",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(TxMaster())
        fleet.add(StockMinion(self.lines[0], fleet.master, self.minion_id))
        return fleet


class Salt3006MinionTests(stories.StockMinionStory):
    """A minion of the 3006 line under our master."""

    lines = ("3006",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(TxMaster())
        fleet.add(StockMinion(self.lines[0], fleet.master, self.minion_id))
        return fleet

    def test_no_sign_in_after_restart(self) -> None:
        """
        A restart of our master makes no minion sign in again.

        Only 3006 can show it: a 3008 minion signs in by itself whenever its connection breaks.
        """
        self.wait_ping()
        self.fleet.master.restart()
        watcher = self.fleet.master.listen()
        self.addCleanup(watcher.close)
        self.wait_ping()
        self.assertEqual([event for event in watcher.seen() if event[0] == "salt/auth"], [])


class KilledMasterTests(stories.FleetCase):
    """A minion of the 3008 line whose master is killed without warning."""

    lines = ("3008",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(TxMaster())
        fleet.add(StockMinion(self.lines[0], fleet.master, "one"))
        return fleet

    def test_killed_master(self) -> None:
        """
        Our master starts again over what ``kill -9`` left lying, and its minion comes back.
        """
        master = self.fleet.master
        master.kill()
        master.start()
        stories.wait_pings(self.fleet, {"one"})
