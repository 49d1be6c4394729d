"""
What the documents say of speed and size is what was measured.
"""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from benchmarks import __main__ as benchmarks
from benchmarks import chart, processes, quote
from benchmarks.figures import Seen


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

    def test_seen_once(self) -> None:
        """
        A value that was seen once has no spread, and what was not measured stands below the table.
        """
        row = {"what": "a", "unit": "s", "better": "less", "goal": "", "values": {"txsalt": [1.0]}}
        twice = {**row, "what": "b", "values": {"txsalt": [1.0, 1.0]}}
        found = {"titles": {"txsalt": "txsalt"}, "rows": [row, twice], "failures": ["c of 3008"]}
        text = "<!-- measured\n-->\nold\n<!-- /measured -->\n"
        table = quote.rewritten(text, quote.read(found)).splitlines()
        self.assertEqual([line.count("±") for line in table if line.startswith("    a ")], [0])
        self.assertEqual([line.count("±0%") for line in table if line.startswith("    b ")], [1])
        self.assertIn("    not measured: c of 3008", table)


class RunTests(SynchronousTestCase):
    """``python -m benchmarks``, without its work."""

    def run_benchmarks(self, *words: str) -> tuple[object, str]:
        """Run it and return its exit code and what it says."""
        heard = io.StringIO()
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            try:
                code: object = benchmarks.main(list(words))
            except SystemExit as exc:
                code = exc.code
        return code, heard.getvalue()

    def test_unknown_words(self) -> None:
        """
        A mistyped scenario or house is refused, and what there is is named.
        """
        for words in (("--only", "dances"), ("--houses", "txsalt,3007"), ("--rounds", "0")):
            code, said = self.run_benchmarks(*words)
            self.assertEqual(code, 2, said)
        self.assertIn("no such: dances; sign-ins", self.run_benchmarks("--only", "dances")[1])

    def test_interrupted(self) -> None:
        """
        Ctrl-C shows what was seen until then, and leaves the file of the last whole run alone.
        """

        def measure(house: Any, size: Any) -> Iterator[Seen]:
            yield Seen(what="songs", unit="/s", value=3.0, more=True)
            raise KeyboardInterrupt

        self.patch(benchmarks.memory, "measure", measure)
        self.patch(benchmarks, "House", _Nothing)
        kept = Path(self.mktemp())
        kept.write_text("kept")
        words = ("--houses", "txsalt", "--only", "memory", "--json", str(kept))
        code, said = self.run_benchmarks(*words)
        self.assertEqual(code, 130)
        self.assertRegex(said, r"songs +/s +3")
        self.assertIn("interrupted", said)
        self.assertEqual(kept.read_text(), "kept")


class ProcessesTests(SynchronousTestCase):
    """Whose memory and whose processor time it is."""

    def test_kinds(self) -> None:
        """
        Each process of ours and of stock Salt is told by its name and its command line.
        """
        salt = ["/x/bin/python", "/x/bin/salt-master", "-c", "/tmp/m-1/etc"]
        for name, command, kind in (
            ("txsalt-worker", ["python", "-P", "-m", "txsalt.master.worker"], "workers"),
            ("python", ["python", "-P", "-m", "txsalt.master.worker"], "template of workers"),
            ("python", ["python", "-m", "txsalt.minion.jobrunner"], "zygote"),
            ("python", ["python", "/x/bin/twistd", "-n", "txsalt-master"], "daemon"),
            ("/x", [*salt, "RequestServer", "MWorker-default-4"], "MWorker"),
            ("/x", [*salt, "ReqServer", "MWorker-12"], "MWorker"),
            ("/x", [*salt, "ReqServer", "ReqServer_ProcessManager"], "ReqServer_ProcessManager"),
            ("/x", [*salt, "PubServerChannel._publish_daemon"], "PubServerChannel._publish_daemon"),
            ("EventPublisher", ["EventPublisher", "", ""], "EventPublisher"),
        ):
            self.assertEqual(processes.kind(name, command), kind)


class _Nothing:
    """A house that is never started."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.master = self

    def remove(self) -> None:
        """Nothing is there."""
