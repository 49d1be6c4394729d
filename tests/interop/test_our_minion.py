"""Tests of our minion with stock masters, driven by the stock ``salt`` and ``salt-key``."""

from typing import Any

from tests.interop import stories
from tests.interop.harness import START_SECONDS, Fleet, StockMaster, TxMinion


class Salt3008MasterTests(stories.MinionStory):
    """Our minion under a master of the 3008 line."""

    lines = ("3008",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(StockMaster(self.lines[0]))
        fleet.add(TxMinion(fleet.master, self.minion_id))
        return fleet

    def test_rejected(self) -> None:
        """
        A minion whose key is rejected stays up, and works once its key is accepted after all.
        """
        master, minion = self.fleet.master, self.fleet.minions[self.minion_id]
        watcher = master.listen()
        self.addCleanup(watcher.close)
        # A minion notices at its next request: here, the return of a job that ends later.
        master.job_id(master.say(self.minion_id, "test.sleep", "2", options=("--async",)))
        master.change_key("delete", self.minion_id, "")
        master.wait_key(self.minion_id, "pre")
        master.change_key("reject", self.minion_id, "rejected")
        watcher.wait(_was_refused, START_SECONDS)
        minion.check_alive()
        master.change_key("delete", self.minion_id, "")
        master.wait_key(self.minion_id, "pre")
        self.accept_again()


class Salt3006MasterTests(stories.MinionStory):
    """Our minion under a master of the 3006 line."""

    lines = ("3006",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(StockMaster(self.lines[0]))
        fleet.add(TxMinion(fleet.master, self.minion_id))
        return fleet


def _was_refused(tag: str, data: dict[str, Any]) -> bool:
    return tag == "salt/auth" and data.get("result") is False
