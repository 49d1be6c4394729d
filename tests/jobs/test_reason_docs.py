"""The table of reasons that users read."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txsalt
from txsalt.jobs.reasons import EXIT_CODES

DOCS = Path(txsalt.__file__).parent.parent / "docs"


class ReasonDocsTests(SynchronousTestCase):
    """docs/exit-codes.md."""

    def test_every_reason_is_there(self) -> None:
        """
        Each word stands in the documents with its exit code, and no other.
        """
        text = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
        told = {word: int(code) for code, word in re.findall(r"\| (\d+) \| `([a-z_]+)` \|", text)}
        self.assertEqual(told, EXIT_CODES)
