"""Tests of the table outputter."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.outputters.colors import Colors
from txsalt.outputters.render import render
from txsalt.outputters.table import columns


class TableTests(SynchronousTestCase):
    def test_maps_become_columns(self) -> None:
        """
        Each key has a column, and numbers stand right.
        """
        text = render({"web1": {"os": "Debian", "cpus": 2}, "db1": {"cpus": 16}}, "table")
        self.assertEqual(
            text.split("\n"),
            [
                "minion  os      cpus",
                "------  ------  ----",
                "web1    Debian     2",
                "db1               16",
            ],
        )

    def test_other_values_have_one_column(self) -> None:
        """
        A plain value stands beside its minion, each line of it in a line.
        """
        text = render({"web1": "one\ntwo\n", "db1": True}, "table")
        self.assertEqual(text.split("\n")[2:], ["web1    one", "        two", "db1     True"])

    def test_wide_signs_and_control_signs(self) -> None:
        """
        Columns stay straight with wide and combining signs, and no sign steers the terminal.
        """
        rows = [["日本", "a"], ["e\u0301", "b"], ["\x1b[31m", "c"]]
        lines = columns(["x", "y"], rows, Colors()).split("\n")
        self.assertEqual(lines[2:], ["日本      a", "e\u0301         b", "\\x1b[31m  c"])

    def test_nothing(self) -> None:
        """
        No minion, no row.
        """
        self.assertEqual(render({}, "table"), "minion  return\n------  ------")

    def test_ten_thousand_rows(self) -> None:
        """
        A large fleet fits in one table.
        """
        data = {f"m{number}": {"up": True, "n": number} for number in range(10_000)}
        self.assertEqual(len(render(data, "table").split("\n")), 10_002)
