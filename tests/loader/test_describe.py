"""What functions say of themselves."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.loader.describe import argspec, doc_text


def sample(one: Any, two: int = 2, *more: Any, three: int = 3, **rest: Any) -> None:
    """
    Do ``nothing``.

    .. code-block:: bash

        txsalt-cli '*' sample.run
    """


class DescribeTests(SynchronousTestCase):
    """doc and argspec."""

    def test_doc_is_for_a_terminal(self) -> None:
        """
        Markup is removed, indentation kept.
        """
        self.assertEqual(doc_text(sample), "\nDo nothing.\n\n\n    txsalt-cli '*' sample.run\n")
        self.assertEqual(doc_text(lambda: None), "")

    def test_argspec(self) -> None:
        """
        Names, defaults and whether more is taken.
        """
        expected = {"args": ["one", "two", "three"], "defaults": [2, 3], "varargs": True}
        self.assertEqual(argspec(sample), expected | {"kwargs": True})
        nothing = {"args": None, "defaults": None, "varargs": None, "kwargs": None}
        self.assertEqual(argspec(lambda: None), nothing)
