"""Tests of our master with stock minions of both lines and two of our own, all at once."""

from tests.interop import cases, stories
from tests.interop.harness import Fleet, StockMinion, TxMaster, TxMinion

STOCK = {"stock-3008", "stock-3006"}
OURS = {"ours-1", "ours-2"}
ALL = STOCK | OURS


class FourTogetherTests(cases.FleetCase):
    """A mixed fleet answers as one."""

    lines = ("3008", "3006")

    def make_fleet(self) -> Fleet:
        fleet = Fleet(TxMaster())
        for line in self.lines:
            fleet.add(StockMinion(line, fleet.master, f"stock-{line}"))
        for minion_id in sorted(OURS):
            fleet.add(TxMinion(fleet.master, minion_id))
        return fleet

    def test_everyone_answers(self) -> None:
        """
        A call to everyone is answered by all four, with exit code 0.
        """
        answer = self.fleet.master.say("*", "test.ping")
        self.assertEqual(answer.data, dict.fromkeys(ALL, True))
        self.assertEqual(answer.returncode, 0)

    def test_some_answer(self) -> None:
        """
        A target that matches some of them reaches these and no other.
        """
        for target, option, expected in (
            ("stock-*", (), STOCK),
            ("ours-1,stock-3006", ("-L",), {"ours-1", "stock-3006"}),
            ("(ours|stock)-(1|3008)", ("-E",), {"ours-1", "stock-3008"}),
            ("G@role:web and not stock-*", ("-C",), OURS),
        ):
            answer = self.fleet.master.say(target, "test.echo", "grüße", options=option)
            self.assertEqual(answer.data, dict.fromkeys(expected, "grüße"), target)

    def test_restart(self) -> None:
        """
        All four answer again after a restart of the master.
        """
        self.fleet.master.restart()
        stories.wait_pings(self.fleet, ALL)

    def test_rotation(self) -> None:
        """
        All four answer a call that is the first after the master's key was made anew.
        """
        watcher = self.fleet.master.listen()
        self.addCleanup(watcher.close)
        stories.wait_pings(self.fleet, ALL)
        self.fleet.master.rotate(watcher)
        answer = self.fleet.master.say("*", "test.ping", options=("-t", "20"))
        self.assertEqual(answer.data, dict.fromkeys(ALL, True))

    def test_silent_minion_is_named(self) -> None:
        """
        A minion that is down is named, the others answer, and the exit code tells.
        """
        down = self.fleet.minions["ours-2"]
        stories.wait_pings(self.fleet, ALL)
        down.stop()
        try:
            answer = self.fleet.master.say("*", "test.ping", options=("-t", "3"))
        finally:
            down.start()
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn("ours-2", answer.stdout + answer.stderr)
        for minion_id in ALL - {"ours-2"}:
            self.assertIn(minion_id, answer.stdout)
        stories.wait_pings(self.fleet, ALL)
