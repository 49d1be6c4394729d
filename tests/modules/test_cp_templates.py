"""cp: templates, and jobs that brought nothing; see test_cp."""

import os

from tests.modules.test_cp import CpCase
from txsalt.jobs.errors import CommandExecutionError


class TemplateTests(CpCase):
    """Files and paths that are filled in."""

    def setUp(self) -> None:
        """Put templates on the master."""
        super().setUp()
        self.master.files |= {
            "t/a": b"{% include './b' %} {{ opts.id }} {{ extra }}\n",
            "t/b": b"b\n",
            "t/wrong": b"x\n{% include 't/deep' %}",
            "t/deep": b"\n\n{{ nope }}",
        }

    def test_file(self) -> None:
        """
        A template becomes a file that only its owner reads; included ones are fetched, too.
        """
        place = self.cp("get_template", "salt://t/a", f"{self.here}/x", extra="y", __pub_fun="z")
        self.assertEqual(self.content(place), b"b web-01 y\n")
        self.assertEqual(os.stat(place).st_mode & 0o777, 0o600)
        kept = self.cp("get_template", "salt://t/a", "", context={"extra": 1})
        self.assertEqual(kept, f"{self.cachedir}/extrn_files/base/t/a")
        self.assertIn(b"{%", self.content(self.cp("cache_file", "salt://t/a")))

    def test_mistakes(self) -> None:
        """
        A mistake is told with the included file, its line and what is there.
        """
        exc = self.assertRaises(
            CommandExecutionError, self.cp, "get_template", "salt://t/wrong", f"{self.here}/x"
        )
        for words in ("salt://t/deep, line 3", "'nope' is undefined", "{{ nope }}"):
            self.assertIn(words, str(exc))
        self.assertFalse(os.path.exists(f"{self.here}/x"))

    def test_paths(self) -> None:
        """
        With template=jinja paths are filled in.
        """
        place = self.cp("get_file", "salt://{{ 'big' }}", f"{self.here}/{{{{ opts.id }}}}",
                        template="jinja")  # fmt: skip
        self.assertEqual(place, f"{self.here}/web-01")

    def test_a_job_that_brought_nothing_failed(self) -> None:
        """
        Who asks for a file that is not there on the command line gets exit code 1; a module not.
        """
        for name, args, jid, code in (
            ("get_file", ("salt://none", f"{self.here}/x"), "1", 1),
            ("get_file", ("salt://none", f"{self.here}/x"), "", 0),
            ("get_file", ("salt://big", f"{self.here}/x/y"), "1", 1),
            ("get_file", ("salt://big", f"{self.here}/x"), "1", 0),
            ("get_dir", ("salt://none", f"{self.here}"), "1", 1),
            ("get_template", ("salt://none", f"{self.here}/x"), "1", 1),
            ("get_template", ("salt://dir/text", f"{self.here}/x"), "1", 0),
        ):
            self.shared["retcode"] = 0
            self.cp(name, *args, **({"__pub_jid": jid} if jid else {}))
            self.assertEqual(self.shared["retcode"], code, f"{name} {args}")
