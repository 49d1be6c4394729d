"""What a minion shares through the mine: definitions as people write them."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules

SHARED = {
    "test.ping": {},
    "words": [{"mine_function": "test.kwarg"}, {"x": 1}],
    "test.arg": ["q", {"y": 2}],
    "few": {"mine_function": "test.kwarg", "z": 3, "allow_tgt": "web*"},
    "none.such": [],
}


class MineTests(SynchronousTestCase):
    """The mine module, with a master that stores what comes."""

    def setUp(self) -> None:
        """Make a minion that shares something."""
        self.context = FakeContext({"id": "web-01", "mine_functions": SHARED})
        self.functions = modules(self.context)

    def stored(self) -> Any:
        """Give the values of the only request."""
        ((name, arguments),) = self.context.calls
        self.assertEqual((name, arguments["load"]["cmd"]), ("request", "_mine"))
        return arguments["load"]["data"]

    def test_update(self) -> None:
        """
        Aliases, arguments and keywords of mine_functions reach the functions.
        """
        self.functions["mine.update"]()
        few = {"__data__": {"z": 3}, "__saltmine_acl__": 1, "allow_tgt": "web*"}
        expected = {
            "test.ping": True,
            "words": {"x": 1},
            "test.arg": {"args": ["q"], "kwargs": {"y": 2}},
            "few": {**few, "allow_tgt_type": "glob"},
        }
        self.assertEqual(self.stored(), expected)

    def test_send(self) -> None:
        """
        Arguments and keywords of mine.send are those of the function.
        """
        self.functions["mine.send"]("my", "p", mine_function="test.arg", k=1, __pub_jid="1")
        self.assertEqual(self.stored(), {"my": {"args": ["p"], "kwargs": {"k": 1}}})

    def test_valid(self) -> None:
        """
        Only functions that are there are listed, aliases with what they stand for.
        """
        found = self.functions["mine.valid"]()
        self.assertEqual(found["words"], {"test.kwarg": [{"x": 1}]})
        self.assertEqual(found["test.arg"], ["q", {"y": 2}])
        self.assertNotIn("none.such", found)
