"""Reading and writing YAML."""

from types import ModuleType

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import LocalError
from txsalt.renderers import yaml
from txsalt.renderers.errors import RenderError

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("aé: -#'\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=10,
)


class LoadTests(SynchronousTestCase):
    def test_plain_values(self) -> None:
        """
        Maps, lists, numbers, flags and nothing come as YAML users expect; an empty text is None.
        """
        found = yaml.load("a: 1\nb: [yes, 1.5, ~]\nc: {d: é}\n", "file")
        self.assertEqual(found, {"a": 1, "b": [True, 1.5, None], "c": {"d": "é"}})
        self.assertIsNone(yaml.load("# nothing\n", "file"))

    def test_modes_and_dates(self) -> None:
        """
        A mode such as 0644 keeps its digits, also in a key, and a date stays the text it is.
        """
        text = "mode: 0644\n0755: 00\nat: [2026-01-02, 2026-01-02 10:00:00, 2024-99-99]\n"
        self.assertEqual(
            yaml.load(text + "more: [0x10, 0b11, 010, -010, 1_000, 09]\n", "f"),
            {
                "mode": 644,
                755: 0,
                "at": ["2026-01-02", "2026-01-02 10:00:00", "2024-99-99"],
                "more": [16, 3, 10, -8, 1000, "09"],
            },
        )

    def test_repeated_key(self) -> None:
        """
        A key that is twice in one map is an error that shows both places, also deep inside.
        """
        error = self.assertRaises(RenderError, yaml.load, "x:\n  a: 1\n  b: 2\n  a: 3\n", "f.yaml")
        self.assertEqual((error.line, error.column, error.excerpt), (4, 3, "  a: 3"))
        self.assertIn("on line 2", str(error))
        self.assertTrue(str(error).startswith("f.yaml, line 4, column 3: "))

    def test_merged_key_may_be_repeated(self) -> None:
        """
        An own key wins over one that is merged from an anchor, even through two levels.
        """
        text = "a: &a {q: 1, r: 1}\nb: &b {<<: *a, q: 2}\nc: {<<: *b, q: 3}\n"
        self.assertEqual(yaml.load(text, "f")["c"], {"q": 3, "r": 1})

    def test_growth_by_aliases(self) -> None:
        """
        A short text whose aliases stand for millions of values is refused; others may use them.
        """
        lists, maps = ["[1,1,1,1,1,1,1,1,1]"], ["{k: 1, l: 1, m: 1}"]
        for level in range(9):
            lists.append("[" + ",".join([f"*l{level}"] * 9) + "]")
            maps.append(f"{{<<: [{','.join([f'*m{level}'] * 9)}]}}")
        for sign, levels in (("l", lists), ("m", maps)):
            text = "".join(f"- &{sign}{at} {each}\n" for at, each in enumerate(levels))
            error = self.assertRaises(RenderError, yaml.load, text, "f")
            self.assertIn("aliases", str(error))
        shared = "a: &a {x: [1, 2, 3]}\nb:\n" + "  - *a\n" * 5000
        self.assertEqual(len(yaml.load(shared, "f")["b"]), 5000)

    def test_no_python_objects(self) -> None:
        """
        A tag that would make a Python object is refused.
        """
        for tag in (
            "python/object/apply:os.getcwd []",
            "python/name:os.system",
            "python/tuple [1]",
        ):
            self.assertRaises(RenderError, yaml.load, f"!!{tag}", "f")

    def test_syntax_error_shows_the_place(self) -> None:
        """
        A mistake is shown with file, line, column and the line itself.
        """
        error = self.assertRaises(RenderError, yaml.load, "a: 1\nb: c: d\n", "f")
        self.assertEqual((error.line, error.excerpt), (2, "b: c: d"))

    def test_excerpt_hides_passwords(self) -> None:
        """
        A mistake in a line with a password does not put the password into a log.
        """
        error = self.assertRaises(RenderError, yaml.load, 'key_pass: "hunter2\n', "f")
        self.assertNotIn("hunter2", str(error))

    def test_hopeless_texts(self) -> None:
        """
        Whatever the text, the answer is a value or a RenderError; the process goes on.
        """
        for text in (
            "x: " + "[" * 200000,
            "- " * 50000,
            "? " * 5000,
            "\n".join(" " * depth + "a:" for depth in range(1500)),
            "a: \x01",
            "\ud800",
            "--- 1\n--- 2",
            "!!bool maybe",
            "!!binary é",
            "? [a]\n: 1",
            "=: 1",
        ):
            self.assertRaises(RenderError, yaml.load, text, "f")

    @settings(max_examples=150)
    @given(st.text("abx:-[]{}&*!?<>|'\"#%@,~ \n\t0159.e_=é", max_size=40))
    def test_garbage(self, text: str) -> None:
        """
        Random text never raises anything but RenderError.
        """
        try:
            yaml.load(text, "f")
        except RenderError as error:
            str(error)


class DumpTests(SynchronousTestCase):
    @settings(max_examples=80)
    @given(plain)
    def test_round_trip(self, value: object) -> None:
        """
        What was written reads back the same.
        """
        self.assertEqual(yaml.load(yaml.dump(value), "f"), value)

    def test_no_anchors(self) -> None:
        """
        A list that occurs twice is written twice.
        """
        same = [1]
        self.assertNotIn("&", yaml.dump({"a": same, "b": same}))

    def test_unwritable(self) -> None:
        """
        An object, and a list that holds itself, are refused.
        """
        endless: list[object] = []
        endless.append(endless)
        for value in (object(), endless):
            self.assertRaises(RenderError, yaml.dump, value)


class LibyamlTests(SynchronousTestCase):
    def test_missing_libyaml(self) -> None:
        """
        PyYAML without libyaml is refused with a message that says what to install.
        """
        error = self.assertRaises(LocalError, yaml.require_libyaml, ModuleType("yaml"))
        self.assertIn("libyaml", str(error))
