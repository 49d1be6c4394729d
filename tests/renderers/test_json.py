"""Reading and writing JSON."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.renderers import json
from txsalt.renderers.errors import RenderError


class LoadTests(SynchronousTestCase):
    def test_round_trip(self) -> None:
        """
        What was written reads back the same.
        """
        value = {"a": [1, 2.5, None, True], "é": {"b": "ü"}}
        self.assertEqual(json.load(json.dump(value), "f"), value)

    def test_syntax_error_shows_the_place(self) -> None:
        """
        A mistake is shown with line, column and the line itself.
        """
        error = self.assertRaises(RenderError, json.load, '{"a": 1,\n "b" 2}', "f.json")
        self.assertEqual((error.line, error.column, error.excerpt), (2, 6, ' "b" 2}'))

    def test_refused_texts(self) -> None:
        """
        Repeated keys, NaN, and what is nested without end are refused.
        """
        for text in ('{"a": 1, "a": 2}', "NaN", "[-Infinity]", "[" * 100000, "", "9" * 5000):
            self.assertRaises(RenderError, json.load, text, "f")


class DumpTests(SynchronousTestCase):
    def test_refused_values(self) -> None:
        """
        Bytes, NaN and lists that hold themselves are no JSON.
        """
        endless: list[object] = []
        endless.append(endless)
        for value in (b"x", float("nan"), endless):
            self.assertRaises(RenderError, json.dump, value)
