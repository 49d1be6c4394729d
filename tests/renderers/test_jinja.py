"""Filling in templates of Jinja."""

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.renderers.expressions import EXPRESSIONS
from txsalt.renderers.errors import RenderError
from txsalt.renderers.jinja import Engine, Found, place_of, render

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


class OriginTests(SynchronousTestCase):
    """Which line of a template a line of the result comes from."""

    def test_lines(self) -> None:
        """
        Text, loops, values of several lines and includes lead back to where they are written.
        """
        lines = [
            "a: 1",
            "{% for n in [1, 2] %}",
            "b{{ n }}: x",
            "c: y",
            "{%- endfor %}",
            "{{ many }}",
            "{% include 'other' %}",
            "{#- a",
            "comment #}",
            "{%- set z = 1 %}",
            "last: {{ z }}",
            "end: 1",
        ]
        text, context = "\n".join(lines), {"many": "m1\nm2"}
        engine = Engine(lambda name: Found("o1\no2", name))
        shown = engine.render(text, "t", context).splitlines()
        found = {
            line: engine.origin(text, "t", context, "t", number)
            for number, line in enumerate(shown, 1)
            if line
        }
        expected = {"a: 1": 1, "b1: x": 3, "b2: x": 3, "m1": 6, "m2": 6, "o1": 7, "o2": 7,
                    "last: 1": 11, "end: 1": 12}  # fmt: skip
        self.assertEqual({line: found[line] for line in expected}, expected)
        self.assertEqual(engine.origin(text, "t", context, "t", 99), 11)
        self.assertIsNone(engine.origin("{{ nope }}", "t", {}, "t", 1))


class FilterTests(SynchronousTestCase):
    """Filters and tests beside those of Jinja."""

    def test_same_as_salts(self) -> None:
        """
        Formulas find the filters that they use, and these give what they give in Salt.
        """
        wrong = []
        for expression, expected in EXPRESSIONS:
            found = render(f"{{{{ {expression} }}}}", "t", {})
            if found != expected:
                wrong.append(f"{expression}: {found}, not {expected}")
        self.assertEqual(wrong, [])

    def test_what_one_expression_may_take(self) -> None:
        """
        An expression that would take all memory or time is refused: values come from peers.
        """
        for expression in (
            "'a' * 10**9",
            "[1] * 10**9",
            "10**9 * 'a'",
            "10 ** 10000000",
            "range(10 ** 7)",
            "'10.0.0.0/8' | network_hosts",
        ):
            text = f"{{{{ {expression} }}}}"
            self.assertRaises(RenderError, render, text, "t", {})
        endless = "{% for a in range(99) %}{{ 'a' * 10**6 }}{% endfor %}"
        error = self.assertRaises(RenderError, render, endless, "t", {})
        self.assertIn("characters", error.reason)

    def test_template_complains(self) -> None:
        """
        A template can refuse by itself, with its own words.
        """
        error = self.assertRaises(RenderError, render, "\n{{ raise('no disk') }}", "t", {})
        self.assertIn("no disk", str(error))
        self.assertEqual(error.line, 2)


class IncludeTests(SynchronousTestCase):
    """Templates that include and import others."""

    files = {
        "map.jinja": "{% import_yaml tpldir ~ '/data.yaml' as data %}",
        "a/map.jinja": "{% import_yaml './data.yaml' as near %}"
        "{% import_yaml tpldir ~ '/data.yaml' as same %}{% set os = grains.os %}",
        "a/data.yaml": "k: [1, {{ grains.os }}]\n",
        "a/bad": "x\n{{ nope }}\n",
        "a/syntax": "x\n\n{% if %}",
        "a/line": "line\n",
        "loop": "{% include 'loop' %}",
    }

    def render(self, text: str) -> str:
        """Fill in a template that is a/init.sls."""

        def find(name: str) -> Found | None:
            return Found(self.files[name], f"salt://{name}") if name in self.files else None

        values = {"grains": {"os": "Debian"}, **place_of("a/init.sls")}
        return Engine(find).render(text, "main", values, "a/init.sls")

    def test_imports(self) -> None:
        """
        Imported templates find facts and their own place, with and without the word context.
        """
        for words in ("", " with context"):
            text = "{% from 'a/map.jinja' import near, same, os" + words + " %}"
            shown = self.render(text + "{{ near.k }} {{ same.k }} {{ os }} {{ tpldir }}")
            self.assertEqual(shown, "[1, 'Debian'] [1, 'Debian'] Debian a")
        self.assertEqual(self.render("{% import './map.jinja' as m %}{{ m.os }}"), "Debian")
        self.assertEqual(self.render("{% include './line' %}-\n"), "line-\n")

    def test_data(self) -> None:
        """
        Data is read from blocks and files.
        """
        text = "{% load_yaml as v %}\na: {b: 1}\n{% endload %}{{ v.a.b }}"
        self.assertEqual(self.render(text), "1")
        self.assertEqual(self.render("{% load_json as v %}[1]{% endload %}{{ v }}"), "[1]")
        self.assertEqual(self.render("{% import_text 'a/line' as t %}<{{ t }}>"), "<line>")

    def test_where_it_is_wrong(self) -> None:
        """
        The error names the included file and shows its line; a missing one is named.
        """
        for text, where, line in (
            ("{% include 'a/bad' %}", "salt://a/bad", 2),
            ("\n{% include './syntax' %}", "salt://a/syntax", 3),
            ("\n{% include 'none' %}", "main", 2),
            ("{% include '../../etc/passwd' %}", "main", 1),
            ("{% import_yaml 'a/bad' as x %}", "salt://a/bad", 2),
            ("{% load_yaml as x %}[{% endload %}", "main", 1),
        ):
            error = self.assertRaises(RenderError, self.render, text)
            self.assertEqual((error.where, error.line), (where, line), text)
        self.assertRaises(RenderError, self.render, "{% include 'loop' %}")
