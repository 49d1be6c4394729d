"""Tests of ranges: how they become lists of ids."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadTarget
from txsalt.targeting import ranges

KNOWN = {"%web": ["web2", "web1"], "%none": [], "%odd": ["a,b", "", "c d", "x"], "%all": ["m"] * 9}


class ResolveTests(SynchronousTestCase):
    def test_words(self) -> None:
        """
        Each range of a compound target becomes a list; other words stay as they are.
        """
        for text, expected in (
            ("web* and  G@os:x", "web* and  G@os:x"),
            ("R@%web and not G@os:x", "L@web1,web2 and not G@os:x"),
            ("not ( R@%none or R@%odd )", "not ( L@, or L@x )"),
            ("L@R@%web", "L@R@%web"),
        ):
            self.assertEqual(ranges.resolve(text, KNOWN.__getitem__), expected)

    def test_too_long(self) -> None:
        """
        What no minion would read is refused before it is sent.
        """
        many = [f"minion-{number}.example.com" for number in range(10_000)]
        self.assertRaises(BadTarget, ranges.resolve, "R@x or y", lambda _: many)
        self.assertEqual(len(ranges.ids_of("x", lambda _: many)), 10_000)
