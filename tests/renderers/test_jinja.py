"""Filling in templates of Jinja."""

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt.renderers.errors import RenderError
from txsalt.renderers.jinja import render

ROOT = Path(__file__).parents[2]


class RenderTests(SynchronousTestCase):
    """Templates as people write them."""

    def test_values_are_filled_in(self) -> None:
        """
        Values, loops and the statements do and break work; the last line feed stays.
        """
        self.assertEqual(render("{{ grains.id }}\n", "t", {"grains": {"id": "web"}}), "web\n")
        self.assertEqual(render("{{ a }}", "t", {"a": "é"}), "é")
        loop = "{% for n in [1, 2, 3] %}{% if n == 3 %}{% break %}{% endif %}{{ n }}{% endfor %}"
        self.assertEqual(render(loop, "t", {}), "12")
        self.assertEqual(render("{% set l = [] %}{% do l.append(1) %}{{ l }}", "t", {}), "[1]")
        self.assertEqual(render("{{ 'a b' | quote }}", "t", {}), "'a b'")

    def test_unknown_name(self) -> None:
        """
        A name that is not known is an error with its line, unless I allow it.
        """
        text = "one\ntwo {{ nope }}\n"
        error = self.assertRaises(RenderError, render, text, "t.sh", {})
        self.assertEqual((error.where, error.line, error.excerpt), ("t.sh", 2, "two {{ nope }}"))
        self.assertIn("nope", error.reason)
        self.assertEqual(render(text, "t.sh", {}, allow_undefined=True), "one\ntwo \n")

    def test_not_jinja(self) -> None:
        """
        A mistake in the template is shown with its line.
        """
        error = self.assertRaises(RenderError, render, "a\n{% if %}\n", "t", {})
        self.assertEqual((error.line, error.excerpt), (2, "{% if %}"))

    def test_whatever_fails_is_one_error(self) -> None:
        """
        Errors of functions and of expressions, other files and ways out of the sandbox.
        """
        for text in ("{{ 1 / 0 }}", "{% include 'x' %}", "{{ ''.__class__.__mro__ }}"):
            error = self.assertRaises(RenderError, render, text, "t", {})
            self.assertEqual(error.line, 1, text)

    def test_nothing_is_imported_before_a_template(self) -> None:
        """
        Who never renders a template does not pay for Jinja.
        """
        code = "import sys, txsalt.renderers.jinja; sys.exit('jinja2' in sys.modules)"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
