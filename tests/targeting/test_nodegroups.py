"""Tests of nodegroups."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadTarget
from txsalt.targeting.nodegroups import resolve

GROUPS = {
    "web": "G@role:web and not N@old",
    "old": ["web1", "web2"],
    "all": ["N@web", "or", "N@old"],
    "regex": "web[0-9]",
    "plain": "L@a,b or c*",
    "redhat": ["G@os:Red Hat", "and", "P@os:Red Hat"],
    "loop": "a or N@pool",
    "pool": "N@loop or b",
    "none": "",
    "blank": ["L@a b", "or", "c*"],
    "number": 5,
}


class ResolveTests(SynchronousTestCase):
    def test_names_are_replaced(self) -> None:
        """
        Texts, lists, bare ids, nested groups: each becomes a compound target.
        """
        for text, resolved in {
            "a  and b": "a  and b",
            "N@old": "L@web1,web2",
            "N@regex": "E@web[0-9]",
            "N@web": "( G@role:web and not L@web1,web2 )",
            "x or N@all": "x or ( ( G@role:web and not L@web1,web2 ) or L@web1,web2 )",
            "N@plain": "( L@a,b or c* )",
            "N@redhat": r"( G@os:Red?Hat and P@os:Red\sHat )",
        }.items():
            self.assertEqual(resolve(text, GROUPS), resolved)

    def test_groups_that_cannot_be_used_are_named(self) -> None:
        """
        An unknown, endless, empty or malformed group is refused by its name.
        """
        for name in ["loop", "none", "blank", "number", "nobody"]:
            error = self.assertRaises(BadTarget, resolve, f"N@{name}", GROUPS)
            self.assertIn(f"nodegroup {name}", str(error))

    def test_mistyped_names(self) -> None:
        """
        An unknown group comes with the nearest that there is, and with nothing where none is near.
        """
        for name, groups, said in (
            ("regexp", GROUPS, "unknown nodegroup regexp; did you mean regex?"),
            ("zzz", GROUPS, "unknown nodegroup zzz"),
            ("web", {}, "unknown nodegroup web: the master's option nodegroups names none"),
            ("plain" * 20, GROUPS, f"unknown nodegroup {'plain' * 20}"),
        ):
            error = self.assertRaises(BadTarget, resolve, f"N@{name}", groups)
            self.assertIn(f"{said} (at", str(error))

    def test_groups_that_multiply_are_stopped(self) -> None:
        """
        Groups of groups of groups do not fill the memory.
        """
        groups = {f"g{i}": " or ".join([f"N@g{i + 1}"] * 10) for i in range(12)}
        groups["g12"] = "web*"
        self.assertRaises(BadTarget, resolve, "N@g0", groups)
