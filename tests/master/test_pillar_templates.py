"""Tests of pillar files that are templates."""

import signal
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.master.pillar.order import PillarOptions, PillarOrder
from txsalt.master.pillar.sources import TooLong
from txsalt.master.pillar.values import PillarValues

GRAINS = {"os": "Debian", "os_family": "Debian", "id": "m9", "ips": ["10.0.0.1"]}


class TemplateTests(SynchronousTestCase):
    options: dict[str, Any] = {}

    def setUp(self) -> None:
        self.place = Place(self, nodegroups={"webs": "L@m1,m7"}, **self.options)
        self.minion = self.place.minion("m1")

    def files(self, **contents: str) -> None:
        for name, content in contents.items():
            path = name.replace("__", "/")
            path = path if path.endswith("jinja") else f"{path}.sls"
            self.place.write(f"pillar/{path.replace('_jinja', '.jinja')}", content)

    def pillar(self, **fields: Any) -> Any:
        return self.minion.ask("_pillar", grains=GRAINS, saltenv=None, ver="2", **fields)

    def one(self, content: str, **more: str) -> Any:
        """Compile a pillar of one file."""
        self.files(top="base: {'*': [one]}", one=content, **more)
        return self.pillar()

    def test_grains(self) -> None:
        """
        A file asks for grains; the id is the one that the minion signed in with.
        """
        text = "{% if grains['os'] == 'Debian' %}pkg: apache2\n{% else %}pkg: httpd\n{% endif %}"
        self.assertEqual(self.one(text + "me: {{ grains.id }}"), {"pkg": "apache2", "me": "m1"})

    def test_top_file(self) -> None:
        """
        The top file is a template, too.
        """
        self.files(
            top="base:\n  '*':\n{% for n in ['a', 'b'] %}    - {{ n }}\n{% endfor %}",
            a="a: 1",
            b="b: {{ opts.id }} {{ minion_id }} {{ saltenv }} {{ sls }} {{ tplfile }}",
        )
        self.assertEqual(self.pillar(), {"a": 1, "b": "m1 m1 base b b.sls"})

    def test_functions(self) -> None:
        """
        Functions look at grains, the pillar of the call, and match the minion.
        """
        text = """
os: {{ salt['grains.filter_by']({'Debian': {'a': 1}, 'default': {'a': 2}}).a }}
ip: {{ salt.grains.get('ips:0') }}
none: {{ salt['pillar.get']('x:y', 'nil') }}
match: {{ salt['match.compound']('N@webs and G@os:Deb*') }}
glob: {{ salt.match.glob('m2') }}
"""
        expected = {"os": 1, "ip": "10.0.0.1", "none": "nil", "match": True, "glob": False}
        self.assertEqual(self.one(text), expected)
        found = self.pillar(pillar_override={"x": {"y": "mine"}})
        self.assertEqual((found["none"], found["x"]), ("mine", {"y": "mine"}))

    def test_imports(self) -> None:
        """
        Files of the pillar roots are included and imported, and nothing outside of them.
        """
        text = "{% from 'lib/map.jinja' import m %}{% import_yaml 'lib/d.sls' as d %}"
        text += "m: {{ m }}\nd: {{ d.k }}"
        found = self.one(text, lib__map_jinja="{% set m = grains.os %}", lib__d="k: 1")
        self.assertEqual(found, {"m": "Debian", "d": 1})
        for path in ("../master.d/x", "/etc/passwd", "none"):
            found = self.one("{% include '" + path + "' %}")
            self.assertEqual(len(found["_errors"]), 1)

    def test_include_with_defaults(self) -> None:
        """
        An include gives values to the templates of what it includes, and a place to the result.
        """
        text = "include:\n  - low: {defaults: {port: 80}, key: 'web:site'}\n  - parts.*\n"
        found = self.one(
            text, low="port: {{ port }}", parts__a="a: 1", parts__b__init="b: {{ grains.os }}"
        )
        self.assertEqual(found, {"web": {"site": {"port": 80}}, "a": 1, "b": "Debian"})

    def test_renderers(self) -> None:
        """
        The first line of a file may name its renderers; without jinja, braces are text.
        """
        self.assertEqual(self.one("#!yaml\na: '{{ b }}'"), {"a": "{{ b }}"})
        self.assertEqual(self.one('#!json\n{"a": "{{ b }}"}'), {"a": "{{ b }}"})
        self.assertEqual(
            self.one('#!jinja|json\n{"a": {{ grains.ips | json }}}')["a"], ["10.0.0.1"]
        )
        self.assertIn("_errors", self.one("#!mako|yaml\na: 1"))

    def test_grains_are_only_values(self) -> None:
        """
        Braces in what a minion says of itself are text, wherever they come to stand.
        """
        said = "{{ ''.__class__.__mro__ }}{% for a in range(9) %}"
        self.files(top="base: {'*': [one]}", one="os: {{ grains.os | yaml_dquote }}\nb: {{ 1 }}")
        found = self.minion.ask("_pillar", grains={"os": said}, ver="2")
        self.assertEqual(found, {"os": said, "b": 1})

    def test_grains_include_nothing(self) -> None:
        """
        A line break in a grain does not make the file of another minion part of the pillar.
        """
        self.files(
            top="base: {'*': [one]}",
            one="fqdn: {{ grains.fqdn }}\n",
            two="a: 2",
            db="password: secret",
        )
        said = "x\ninclude:\n  - db"
        for text in ("fqdn: {{ grains.fqdn }}\n", "apt:\n  include: 1\nfqdn: {{ grains.fqdn }}\n"):
            self.files(one=text)
            found = self.minion.ask("_pillar", grains={"fqdn": said}, ver="2")
            self.assertEqual(list(found), ["_errors"])
        # With an include of its own there would be two of them.
        self.files(one="include: [two]\nfqdn: {{ grains.fqdn }}\n")
        found = self.minion.ask("_pillar", grains={"fqdn": said}, ver="2")
        self.assertNotIn("password", found)
        for text in (
            "include: [two]\nfqdn: {{ grains.fqdn }}\n",
            "{% if 1 %}include: [two]{% endif %}\nfqdn: {{ grains.fqdn }}\n",
            "{% include 'parts.jinja' %}\nfqdn: {{ grains.fqdn }}\n",
            '#!jinja|json\n{"include": ["two"], "fqdn": "{{ grains.fqdn }}"}',
        ):
            self.files(one=text, parts_jinja="include:\n  - two")
            found = self.minion.ask("_pillar", grains={"fqdn": "x"}, ver="2")
            self.assertEqual(found, {"a": 2, "fqdn": "x"}, text)

    def test_long_grains(self) -> None:
        """
        A minion whose grains stand for more than there is room or time for gets an error.
        """
        self.files(top="base: {'*': [one]}", one="os: {{ grains.os }}")
        levels = ["&l0 [1,1,1,1,1,1,1,1,1]"]
        levels += [f"&l{at} [" + ",".join([f"*l{at - 1}"] * 9) + "]" for at in range(1, 12)]
        self.patch(PillarValues, "seconds", 0.2)
        for said in (f"[{','.join(levels)}]", "[" + "1," * 2_000_000 + "1]"):
            found = self.minion.ask("_pillar", grains={"os": said}, ver="2")
            self.assertEqual(list(found), ["_errors"])

    def test_each_minion_gets_its_own(self) -> None:
        """
        What one minion's template changes or finds is not there for the next.
        """
        text = "{% do grains.update({'os': 'x'}) %}me: {{ minion_id }} {{ grains.os }}"
        self.assertEqual(self.one(text), {"me": "m1 x"})
        facts = self.place.bench.facts.one("m1")
        self.assertEqual(facts and facts.grains["os"], "Debian")
        other = self.place.minion("m2").ask("_pillar", grains={"os": "y"}, ver="2")
        self.assertEqual(other, {"me": "m2 x"})

    def test_a_changed_import(self) -> None:
        """
        A changed file counts at once where it is imported.
        """
        text = "{% from 'm.jinja' import a %}a: {{ a }}"
        self.assertEqual(self.one(text, m_jinja="{% set a = 1 %}"), {"a": 1})
        self.assertEqual(self.one(text, m_jinja="{% set a = 222 %}"), {"a": 222})

    def test_mistakes(self) -> None:
        """
        A mistake is an error of that file; the minion is not shown its text, the rest is there.
        """
        self.files(top="base: {'*': [good, bad]}", good="a: 1")
        for text in (
            "password: hunter2 {{ nope }}",
            "password: hunter2\n{% if %}",
            "x: {{ salt['cmd.run']('id') }}",
            "x: {{ salt.cmd.run('id') }}",
            "x: {{ ''.__class__.__mro__ }}",
            "x: {{ 'a' * 10 ** 9 }}",
            "password: hunter2\n{{ grains.os }}: [",
        ):
            self.files(bad=text)
            pillar = self.pillar()
            self.assertEqual((pillar["a"], len(pillar["_errors"])), (1, 1), text)
            self.assertNotIn("hunter2", repr(pillar))
            self.assertIn("'bad'", pillar["_errors"][0])


class DocumentTests(SynchronousTestCase):
    """What docs/pillar.md shows."""

    def test_example(self) -> None:
        """
        The files of the example make a pillar.
        """
        page = Path(__file__).parents[2] / "docs/pillar.md"
        shown = [line[4:] for line in page.read_text().splitlines() if line.startswith("    ")]
        place = Place(self)
        for part in "\n".join(shown).split("# pillar/")[1:]:
            name, _, text = part.partition("\n")
            place.write(f"pillar/{name}", text.partition("\ntxsalt-cli")[0])
        for name, text in (
            ("debian.sls", "a: 1"),
            ("sites/b.sls", "b: 1"),
            ("users.sls", "me: {{ shell }}"),
            ("lib/map.jinja", "{% set ports = {'test': 8080} %}"),
        ):
            place.write(f"pillar/{name}", text)
        expected = {
            "a": 1,
            "b": 1,
            "accounts": {"users": {"me": "/bin/bash"}},
            "web": {"package": "apache2", "port": 8080},
        }
        self.assertEqual(place.minion("m1").ask("_pillar", grains=GRAINS, ver="2"), expected)


class OpenTests(TemplateTests):
    """A master that tells minions why."""

    options = {"pillar_safe_render_error": False}

    def test_mistakes(self) -> None:
        """
        The minion is told file, line and reason.
        """
        (error,) = self.one("a: 1\nb: {{ nope }}")["_errors"]
        for words in ("one.sls, line 2", "'nope' is undefined", "b: {{ nope }}"):
            self.assertIn(words, error)

    def test_mistakes_in_what_a_template_gives(self) -> None:
        """
        An error of YAML names the line of the template, not only that of the result.
        """
        text = (
            "{% for n in range(20) %}\na{{ n }}: 1\n{%- endfor %}\n\nfine: 1\nb: {{ 'x: y' }}\nc: 1"
        )
        (error,) = self.one(text)["_errors"]
        for words in ("one.sls, line 6:", "on line 24 of what the template gives", "b: x: y"):
            self.assertIn(words, error)


class TimeTests(SynchronousTestCase):
    """Templates that do not end."""

    def test_time_is_bounded(self) -> None:
        """
        A template that works on and on is stopped; what the process did with the signal stays.
        """
        values = PillarValues(PillarOptions(), PillarOrder(minion_id="m1"))
        values._left = 0.05
        before = signal.getsignal(signal.SIGVTALRM)
        with self.assertRaises(TooLong), values.rendering():
            while True:
                pass
        self.assertIs(signal.getsignal(signal.SIGVTALRM), before)
        self.assertEqual(signal.getitimer(signal.ITIMER_VIRTUAL), (0.0, 0.0))
        with self.assertRaises(TooLong), values.rendering():
            self.fail("there is no time left")

    def test_endless_file(self) -> None:
        """
        The others' pillar comes all the same.
        """
        place = Place(self)
        loops = "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3
        for name, text in (("top", "base: {'*': [a, b]}"), ("a", "a: 1"), ("b", loops)):
            place.write(f"pillar/{name}.sls", text)
        self.patch(PillarValues, "seconds", 0.1)
        found = place.minion("m1").ask("_pillar", grains={}, ver="2")
        self.assertEqual((found["a"], len(found["_errors"])), (1, 1))
