"""A master of ours that sees who is there: its own minions, and stock ones by their addresses."""

from typing import ClassVar

from tests.interop.cases import FleetCase
from tests.interop.harness import Fleet, StockMinion, TxMaster, TxMinion
from tests.interop.processes import wait_until
from txsalt.client.session import Session


class MixedFleetTests(FleetCase):
    """One minion of each house on this machine."""

    lines: ClassVar[tuple[str, ...]] = ("3008",)

    def make_fleet(self) -> Fleet:
        fleet = Fleet(TxMaster())
        fleet.add(TxMinion(fleet.master, "ours"))
        fleet.add(StockMinion("3008", fleet.master, "stock"))
        return fleet

    def test_both(self) -> None:
        """
        Both are up; when the stock one goes it is down, though the other stays at its address.
        """
        session = Session(str(self.fleet.master.config_dir))
        self.addCleanup(session.close)

        def status() -> dict[str, list[str]]:
            return dict(session.runner("manage.status"))

        wait_until(lambda: status()["down"] == [], 20, "both are up")
        self.fleet.minions["stock"].kill()
        wait_until(lambda: status() == {"up": ["ours"], "down": ["stock"]}, 20, "stock is down")
