"""Names of functions that a shell offers."""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.pace import least_seconds
from txsalt.cli import function_names


class RootsTests(SynchronousTestCase):
    """Functions of modules in the master's file roots."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.modules = self.folder / "srv" / "_modules"
        self.modules.mkdir(parents=True)
        (self.folder / "master").write_text(
            f"file_roots: {{base: [{self.folder}/none, {self.folder}/srv]}}\n"
        )

    def own(self) -> list[str]:
        """The functions beside ours."""
        ours = function_names.built_in()
        return [each for each in function_names.known(str(self.folder)) if each not in ours]

    def test_own_modules(self) -> None:
        """
        Public functions are offered under the names that minions know them by.
        """
        (self.modules / "shop.py").write_text("def _no(): ...\ndef open(till=1): ...\nX = 1\n")
        (self.modules / "web_v2.py").write_text(
            "__virtualname__ = 'web'\n__func_alias__ = {'list_': 'list'}\ndef list_(): ...\n"
        )
        (self.modules / "__init__.py").write_text("def hidden(): ...\n")
        (self.modules / "notes.txt").write_text("def hidden(): ...\n")
        self.assertEqual(self.own(), ["shop.open", "web.list"])
        self.assertIn("test.ping", function_names.known(str(self.folder)))

    def test_never_imported(self) -> None:
        """
        A module is read and not run, and may be broken.
        """
        made = self.folder / "made"
        (self.modules / "evil.py").write_text(
            f"open({str(made)!r}, 'w')\ndef fun(): ...\nthis is no Python\n\xff"
        )
        self.assertEqual(self.own(), ["evil.fun"])
        self.assertFalse(made.exists())

    def test_odd_files(self) -> None:
        """
        Pipes are not waited for, links to nowhere and folders are left out.
        """
        os.mkfifo(self.modules / "pipe.py")
        (self.modules / "lost.py").symlink_to("nowhere")
        (self.modules / "folder.py").mkdir()
        self.assertEqual(self.own(), [])

    def test_much(self) -> None:
        """
        Large files are read from their beginning only, so that nobody waits for a Tab.
        """
        long = "def first(): ...\n" + "#" * 20_000_000 + "\ndef last(): ...\n"
        for number in range(30):
            (self.modules / f"m{number}.py").hardlink_to(self._large(long))
        self.assertLess(least_seconds(self.own, 2.0), 2.0)
        found = self.own()
        self.assertIn("m0.first", found)
        self.assertFalse([each for each in found if each.endswith("last")])

    def _large(self, text: str) -> Path:
        path = self.folder / "large"
        if not path.exists():
            path.write_text(text)
        return path

    def test_no_configuration(self) -> None:
        """
        Where the master's configuration cannot be read ours are offered all the same.
        """
        (self.folder / "master").write_text("file_roots: 5\n")
        for folder in (self.folder / "nowhere", self.folder):
            self.assertEqual(function_names.known(str(folder)), function_names.built_in())
