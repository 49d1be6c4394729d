"""Tests of the reader of simple configurations: it must never differ from YAML."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.config import simple_yaml
from txsalt.config.simple_yaml import NotSimple
from txsalt.renderers import yaml
from txsalt.renderers.errors import RenderError

SIMPLE = """\
# The master of this site.
interface: 10.0.0.1   # inside only
ret_port: 4506
log_level: 'debug'
auto_accept: false
pki_dir: "/etc/salt/pki"

file_roots:
  base:
    - /srv/salt
    # by hand
    - /srv/more
pillar_roots:
  base:
  - /srv/pillar
nothing:
nodegroups: {}
"""
PIECES = st.sampled_from(
    """a b key on yes True true null ~ 1 0 010 0x1 1_0 1.5 1e3 -1 12:30 2024-01-01 10.0.0.1 /srv/x
    'q' "q" "a\\n" 'it''s' '' " {} [] [a,b] {a: [ ] } * & &a *a ! !!str | > % @ ` - -- --- ... ? :
    , # <<: = a: b: a:b on: ?x x' x# a# #x -a .inf ::""".split()  # noqa: SIM905 - eighty quoted names
)
LINES = st.builds(
    lambda indent, pieces, joint, end: " " * indent + joint.join(pieces) + end,
    st.sampled_from([0, 0, 0, 1, 2, 2, 4]),
    st.lists(PIECES | st.just("-"), max_size=3),
    st.sampled_from([" ", " ", "  ", ": ", "\t"]),
    st.sampled_from(["", "", ":", " ", ": ", " # x", "\r"]),
)
TIDY = st.builds(
    lambda indent, head, value: " " * indent + head + value,
    st.sampled_from([0, 0, 2, 2, 4, 4, 6]),
    st.sampled_from(["a:", "b:", "c: ", "d: ", "- ", "- ", "-"]),
    st.just("") | PIECES,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab <=#:-'[1.~", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab<=-1 ", max_size=3), inner)
    ),
    max_leaves=8,
)
WRITTEN = st.builds(
    lambda value, indent, tight: json.dumps(
        {"a": value, **(value if isinstance(value, dict) else {})},
        indent=indent,
        separators=(",", ":") if tight else None,
        ensure_ascii=False,
    ),
    JSON,
    st.sampled_from([None, 0, 2]),
    st.booleans(),
)


def typed(value: Any) -> Any:
    """Return a value in which 1 and True differ."""
    if isinstance(value, dict):
        return [(typed(key), typed(each)) for key, each in value.items()]
    if isinstance(value, list):
        return [typed(each) for each in value]
    return (type(value), value)


class SimpleYamlTests(SynchronousTestCase):
    def test_an_ordinary_file(self) -> None:
        """
        The usual file of a master needs no YAML library.
        """
        self.assertEqual(
            simple_yaml.read(SIMPLE),
            {
                "interface": "10.0.0.1",
                "ret_port": 4506,
                "log_level": "debug",
                "auto_accept": False,
                "pki_dir": "/etc/salt/pki",
                "file_roots": {"base": ["/srv/salt", "/srv/more"]},
                "pillar_roots": {"base": ["/srv/pillar"]},
                "nothing": None,
                "nodegroups": {},
            },
        )
        self.assertIsNone(simple_yaml.read("# all of it\n\n  # is a comment\n"))

    def test_what_is_left_to_yaml(self) -> None:
        """
        What may mean something else than it seems is not read here.
        """
        for text in (
            "a: yes", "on: 1", "a: 010", "a: b c", "a:b", "a: b\n  c", "a: 1\na: 2", "a: [1]",
            "a: *b", "a: |\n  b", "- a: 1", "---\na: 1", "a: b\tc", "a: é", "a: 'it''s'", "a\n",
            '{"a": 1e3}', '{"a": NaN}', '{"a": 1, "a": 2}', '{"a": "\\n"}', "{a: 1}", '{"a": 1} x',
            "a:\n  b: 1\n c: 2", " a: 1\nb: 2", "a: 1.5", "a: ~", "a: 2024-01-01", "-", "a: 'b' c",
        ):  # fmt: skip
            self.assertRaises(NotSimple, simple_yaml.read, text)

    def test_what_programs_write(self) -> None:
        """
        JSON, which is YAML, needs no YAML library either.
        """
        written = {"ret_port": 4506, "wait": 1.5, "file_roots": {"base": ["/srv/salt"]}, "x": None}
        for indent in (None, 2):
            self.assertEqual(simple_yaml.read(json.dumps(written, indent=indent)), written)

    @settings(max_examples=300)
    @given(WRITTEN)
    @example('{"<<": 1, "=": -0, "a": -0.0, "b": 12345678901234567890}')
    def test_json_like_yaml(self, text: str) -> None:
        """
        Whatever JSON is read here is exactly what YAML reads.
        """
        self.assert_like_yaml(text)

    @settings(max_examples=1500)
    @given(st.lists(LINES | TIDY, max_size=7).map("\n".join))
    @example(SIMPLE)
    def test_like_yaml(self, text: str) -> None:
        """
        Whatever is read here is exactly what YAML reads.
        """
        self.assert_like_yaml(text)

    def assert_like_yaml(self, text: str) -> None:
        """Assert that ``text``, if it is read here at all, is read as YAML reads it."""
        try:
            value = simple_yaml.read(text)
        except NotSimple:
            return
        try:
            expected = yaml.load(text, "the text")
        except RenderError as exc:
            self.fail(f"{text!r} is no YAML: {exc}")
        self.assertEqual(typed(value), typed(expected), repr(text))
