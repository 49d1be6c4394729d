"""Tests for the names that peers send."""

from collections.abc import Callable
from typing import Any  # any msgpack value

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadName
from txsalt.wire import names

NO_TEXT = (None, 5.5, True, b"web", [], ["web"], {}, {"a": 1})
CONTROL = ("a\0", "\0", "a\nb", "a\r", "\x1b[31m", "a\x7f", "\ud800", "a\udcff")


class NamesTests(SynchronousTestCase):
    """A good name comes back as it is; any other is refused with its kind."""

    def check(
        self, read: Callable[[Any], str], kind: str, good: list[str], bad: list[object]
    ) -> None:
        """Check rows of good and bad names."""
        for name in good:
            with self.subTest(good=name[:50]):
                self.assertEqual(read(name), name)
        for value in (*bad, *NO_TEXT, *CONTROL):
            with self.subTest(bad=type(value).__name__):
                self.assertEqual(self.assertRaises(BadName, read, value).kind, kind)

    def test_minion_ids(self) -> None:
        """An id is one file name."""
        good = ["web-01", "a", "web.example.com", "größe", "x" * 255, "a b", "a..", "-a", "a*", "~"]
        bad = [
            5,
            "",
            ".",
            "..",
            "...",
            ".web1",
            "/",
            "a/b",
            "../a",
            "a/../../b",
            "\\",
            "a\\b",
            " a",
            "a ",
            "\u2003",
            "web1\x9b2K",
            "web1\u202e",
            "web\u200b1",
            "web1\u2028",
        ]
        self.check(names.minion_id, "id", good, [*bad, "x" * 256, "ü" * 128, "x" * 4096])

    def test_jids(self) -> None:
        """A job id is plain characters; an integer is its digits."""
        good = ["20260101120000123456", "20260101120000123456_77", "req", "a", "x" * 128]
        bad = ["", ".", "..", "a/b", "../a", "a b", "ü", "a\\b", "x" * 129, "x" * 4096, "a*"]
        self.check(names.jid, "jid", good, [*bad, 2**20000, -(2**20000)])
        self.assertEqual(names.jid(20260101120000123456), "20260101120000123456")

    def test_tags(self) -> None:
        """A tag is any short text of one line."""
        good = ["salt/auth", "a", "größe/∞", "a b", "../..", "x" * 1024]
        self.check(names.tag, "tag", good, [5, "", "a\n\nb", "x" * 1025])

    def test_environments(self) -> None:
        """The name of an environment is short text; it is only looked up."""
        self.check(names.saltenv, "saltenv", ["base", "dev/1", "__env__"], [5, "", "x" * 256])

    def test_paths(self) -> None:
        """A path stays below its root."""
        good = ["top.sls", "a/b/c", "", "a/", "a//b", "..a", "a..", "a/...", "größe", "x" * 4096]
        bad = [5, "/", "/etc/shadow", "..", ".", "../a", "a/../b", "a/..", "./a", "a/./b", "a\\b"]
        self.check(names.relative_path, "path", good, [*bad, "..\\a", "//a", "x" * 4097])

    def test_refusal_does_not_quote(self) -> None:
        """A refused name is not repeated: it would end up in a log."""
        error = self.assertRaises(BadName, names.minion_id, "evil\n/name")
        self.assertNotIn("evil", str(error))
