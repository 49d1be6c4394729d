"""Our minion in an environment that has Salt, too: its jobs use Salt's modules as guests."""

from typing import Any, ClassVar

from tests.interop.cases import FleetCase
from tests.interop.harness import Fleet, GuestMinion, TxMaster
from txsalt import __version__

MODES = ("auto", "off", "prefer")
MOST_MORE = 2 << 20  # bytes by which measurements of two equal processes may differ


class GuestMinionTests(FleetCase):
    """A master of ours and a minion for each way to use Salt's modules, asked by command line."""

    lines = ("guest",)
    answers: ClassVar[dict[str, Any]] = {}

    def make_fleet(self) -> Fleet:
        fleet = Fleet(TxMaster())
        for mode in MODES:
            fleet.add(GuestMinion(fleet.master, mode, mode))
        return fleet

    def ask(self, fun: str, *words: str) -> dict[str, Any]:
        """What each minion returns, by the way it uses Salt."""
        answers = self.fleet.master.say("*", fun, *words, options=("--timeout", "60")).data
        self.assertEqual(sorted(answers), sorted(MODES))
        return answers

    def test_what_we_have_too(self) -> None:
        """
        Functions that both have give the same, whoever comes first; off means ours.
        """
        versions = self.ask("test.version")
        self.assertTrue(versions.pop("prefer").startswith("3008."))
        self.assertEqual(set(versions.values()), {__version__})
        for fun in ("network.interfaces", "user.list_users"):
            answers = self.ask(fun)
            self.assertTrue(answers["off"], fun)
            self.assertEqual(answers["prefer"], answers["off"], fun)
            self.assertEqual(answers["auto"], answers["off"], fun)
        usage = self.ask("disk.usage")
        self.assertEqual(usage["prefer"].keys(), usage["off"].keys())
        self.assertEqual(usage["prefer"]["/"].keys(), usage["off"]["/"].keys())

    def test_what_only_salt_has(self) -> None:
        """
        Functions that only Salt or a saltext has are there, unless they are turned off.
        """
        zones = self.ask("timezone.get_zone")
        self.assertIn("not available", zones.pop("off"))
        self.assertEqual(zones["auto"], zones["prefer"])
        lists = self.ask("consul.list")
        self.assertIn("not available", lists.pop("off"))
        for answer in lists.values():
            self.assertEqual(answer["message"], "No Consul URL found.")

    def test_costs_nothing(self) -> None:
        """
        Neither the daemon nor the process that jobs are forked from has Salt in its memory.
        """
        self.ask("timezone.get_zone")
        sizes = {mode: self.sizes(mode) for mode in MODES}
        for mode in ("auto", "prefer"):
            for mine, without in zip(sizes[mode], sizes["off"], strict=True):
                self.assertLess(mine, without + MOST_MORE, sizes)

    def sizes(self, mode: str) -> list[int]:
        """The bytes that the daemon of a minion, and the process jobs come from, have alone."""
        return [each.memory_full_info().uss for each in self.fleet.minions[mode].family()]
