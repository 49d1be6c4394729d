"""
What the documents say of speed and size is what was measured.
"""

import json

from twisted.trial.unittest import SynchronousTestCase

from benchmarks import chart, quote


class QuotedFiguresTests(SynchronousTestCase):
    """Nobody types a figure."""

    def setUp(self) -> None:
        self.measured = quote.read(json.loads(quote.MEASURED.read_text()))

    def test_documents(self) -> None:
        """
        Their tables are those of docs/benchmarks.json; ``python -m benchmarks.quote`` writes them.
        """
        quoting = 0
        for document in quote.documents():
            text = document.read_text()
            quoting += "<!-- measured" in text
            self.assertEqual(quote.rewritten(text, self.measured), text, str(document))
        self.assertGreater(quoting, 1)

    def test_picture(self) -> None:
        """
        The picture shows the same run.
        """
        drawn = quote.MEASURED.with_suffix(".svg").read_text()
        self.assertEqual(chart.draw(self.measured.book, self.measured.titles), drawn)

    def test_rows_measured_anew(self) -> None:
        """
        Rows of a later run replace those of the same name, with all houses; others stay.
        """
        row = {"what": "a", "unit": "s", "better": "less", "goal": "", "values": {"txsalt": [1.0]}}
        found = {"titles": {"txsalt": "txsalt", "3008": "Salt"}, "machine": "m", "rows": [row]}
        later = {
            "rows": [{**row, "values": {"txsalt": [2.0], "3008": [8.0]}}, {**row, "what": "b"}]
        }
        measured = quote.read(quote.taken(found, later))
        self.assertEqual(list(measured.book.rows), ["a", "b"])
        text = "<!-- measured\na = a job\n-->\nold\n<!-- /measured -->\n"
        self.assertIn("| a job | 2 s | 4.0 times (8 s) |", quote.rewritten(text, measured))
