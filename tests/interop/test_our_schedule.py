"""Tests of our minion's scheduled jobs under stock masters."""

from typing import Any

from tests.interop.cases import FleetCase
from tests.interop.harness import Fleet, StockMaster, TxMinion


class _Scheduling(TxMinion):
    def extra_options(self) -> dict[str, Any]:
        job = {"function": "test.echo", "args": ["tick"], "seconds": 2}
        return {"schedule": {"tick": job}}


class Salt3008ScheduleTests(FleetCase):
    """A minion of ours with a schedule, under a master of the 3008 line."""

    lines = ("3008",)
    minion_id = "one"

    def make_fleet(self) -> Fleet:
        fleet = Fleet(StockMaster(self.lines[0]))
        fleet.add(_Scheduling(fleet.master, self.minion_id))
        return fleet

    def test_scheduled_job(self) -> None:
        """
        The master makes a job id for the result of a scheduled job, and tells of it.
        """
        watcher = self.fleet.master.listen()
        self.addCleanup(watcher.close)
        tag, data = watcher.wait(lambda _, data: data.get("schedule") == "tick", 30)
        self.assertEqual(tag, f"salt/job/{data['jid']}/ret/{self.minion_id}")
        self.assertEqual(
            (data["return"], data["success"], data["fun_args"]), ("tick", True, ["tick"])
        )

    def test_managed_from_there(self) -> None:
        """
        Jobs are added and removed with the stock command line.
        """
        master = self.fleet.master
        words = ("other", "function=test.ping", "seconds=3600")
        added = master.say(self.minion_id, "schedule.add", *words)
        self.assertIn("Added job: other to schedule.", added.stdout)
        shown = master.say(self.minion_id, "schedule.list")
        self.assertIn("other", shown.stdout)
        removed = master.say(self.minion_id, "schedule.delete", "other")
        self.assertIn("removed", removed.stdout)
