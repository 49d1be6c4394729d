"""Tests of how returns are written."""

import json
import subprocess
import sys

import yaml
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.outputters.render import NAMES, UnknownOutputter, render

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False)
    | st.text()
)
lines = st.lists(st.sampled_from(["a", " b", "", "c: d", "# e", "- f", "g  ", "é", "'"])).map(
    "\n".join
)
keys = st.text() | st.integers(0, 99) | st.sampled_from(["yes", "null", "1", "a b", "-", ""])
values = st.recursive(
    scalars | lines,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
texts = st.characters(exclude_categories=["Cs"])


class NestedTests(SynchronousTestCase):
    def test_shapes(self) -> None:
        """
        Maps are indented blocks, lists have dashes, text keeps its lines.
        """
        data = {
            "web1": {"b": ["x", [1, {"y": None}], "two\nlines\n"], "a": {}, 3: True, "é": b"\xff"}
        }
        self.assertEqual(
            render(data, "nested").split("\n"),
            [
                "web1:", "    ----------", "    3:", "        True", "    a:", "        ----------",
                "    b:", "        - x", "        |_", "          - 1", "          |_",
                "            ----------", "            y:", "                None",
                "        - two", "          lines", "    é:", "        \\xff",
            ],
        )  # fmt: skip

    def test_names_stay_on_their_line(self) -> None:
        """
        No name in a map looks like the answer of another minion.
        """
        forged = {"web1": {"x": 1, "y\nweb2:\n    False": 2}}
        for how in NAMES:
            for line in render(forged, how).split("\n"):
                self.assertFalse(line.startswith(("web2", "    False")), how)

    def test_minions_and_simple_values(self) -> None:
        """
        Each minion's name stands on a line of its own, its value below.
        """
        self.assertEqual(render({"b": True, "a": "hi\n"}, "nested"), "a:\n    hi\nb:\n    True")

    def test_colors_only_when_asked(self) -> None:
        """
        A value cannot bring colors of its own; ours appear on demand.
        """
        self.assertNotIn("\x1b", render({"a": "\x1b[31mred\x07"}, "nested"))
        self.assertIn("\x1b[32m", render({"a": "green"}, "nested", color=True))


class JsonTests(SynchronousTestCase):
    def test_shape(self) -> None:
        """
        One document for what is given, indented by four.
        """
        self.assertEqual(
            render({"a": {"b": [1]}}, "json"),
            '{\n    "a": {\n        "b": [\n            1\n        ]\n    }\n}',
        )

    def test_indents(self) -> None:
        """
        A document is indented as one likes; with less than nothing it is a line.
        """
        data = {"a": [1, "x\ny"]}
        self.assertEqual(render(data, "json", indent=-1), '{"a": [1, "x\\ny"]}')
        self.assertEqual(render(data, "json", indent=0), '{\n"a": [\n1,\n"x\\ny"\n]\n}')
        self.assertEqual(render({"a": 1}, "json", indent=2), '{\n  "a": 1\n}')

    def test_what_json_cannot_hold(self) -> None:
        """
        Bytes, numbers that are none, and keys of other types still give valid JSON.
        """
        data = {"a": [b"\xffx", float("nan"), {None: 1, True: 2, 5: 3, b"k": 4}], "b": "\ud800\x9b"}
        text = render(data, "json")
        expected = ["\\xffx", "nan", {"null": 1, "true": 2, "5": 3, "k": 4}]
        self.assertEqual(json.loads(text), {"a": expected, "b": "\ud800\x9b"})
        text.encode()


class YamlTests(SynchronousTestCase):
    def test_shape(self) -> None:
        """
        Block style, with text in lines as a block.
        """
        data = {
            "web1": {"list": ["a", {"b": 1, "c": []}], "text": "x\n  y\n", "yes": "no", "n": None}
        }
        self.assertEqual(
            render(data, "yaml"),
            "web1:\n  list:\n    - a\n    - b: 1\n      c: []\n  text: |\n    x\n      y\n"
            '  "yes": "no"\n  "n": null',
        )

    def test_indents(self) -> None:
        """
        The levels are as far apart as one likes; with less than nothing there is one line.
        """
        data = {"web1": {"list": ["a", {"b": 1, "c": 2}], "text": "x\ny"}}
        self.assertEqual(
            render(data, "yaml", indent=4),
            "web1:\n    list:\n        -   a\n        -   b: 1\n            c: 2\n"
            "    text: |-\n        x\n        y",
        )
        self.assertEqual(
            render(data, "yaml", indent=-1), r'{web1: {list: [a, {b: 1, c: 2}], text: "x\ny"}}'
        )
        self.assertEqual(render(data, "yaml", indent=0), render(data, "yaml"))

    @given(values, st.sampled_from([None, -1, 0, 3, 9]))
    def test_every_reader_gets_the_same_back(self, value: object, indent: int | None) -> None:
        """
        What is written is read back as the same value, of the same type.
        """
        text = render({"m": value}, "yaml", indent=indent)
        back = yaml.load(text + "\n", Loader=yaml.CSafeLoader)
        self.assertEqual(repr(back), repr({"m": value}))

    @given(st.from_regex(r"[-+0-9a-fx_.:eE ]{1,12}|[a-zA-Z]{1,5}", fullmatch=True))
    def test_text_that_looks_like_something_else(self, value: str) -> None:
        """
        Text that could be taken for a number, a date or a boolean stays text.
        """
        self.assertEqual(
            yaml.load(render({value: value}, "yaml"), Loader=yaml.SafeLoader), {value: value}
        )


class OtherTests(SynchronousTestCase):
    def test_txt(self) -> None:
        """
        Each line stands behind the minion's name.
        """
        self.assertEqual(
            render({"a": "x\ny\n", "b": 5, "c": b"z"}, "txt"), "a: x\na: y\nb: 5\nc: z"
        )

    def test_raw_and_quiet(self) -> None:
        """
        Raw is Python's own writing, quiet is nothing.
        """
        self.assertEqual(render({"a": [1, b"x", "\x1b"]}, "raw"), "{'a': [1, b'x', '\\x1b']}")
        self.assertEqual(render({"a": 1}, "quiet"), "")

    def test_unknown_name(self) -> None:
        """
        A misspelt outputter is refused with the names that there are.
        """
        error = self.assertRaises(UnknownOutputter, render, {}, "jsn")
        self.assertIn("nested, json", str(error))

    @given(st.dictionaries(st.text(), values | st.binary() | st.text(st.characters()), max_size=2))
    def test_everything_can_be_printed(self, data: dict[str, object]) -> None:
        """
        No value stops an outputter, and none sends control signs to the terminal.
        """
        for how in NAMES:
            text = render(data, how)
            self.assertNotIn("\x1b", text)
            text.encode()

    def test_deep_values(self) -> None:
        """
        A value nested without end is cut, not fatal.
        """
        deep: object = 1
        for number in range(300):
            deep = [deep] if number % 2 else {"a": deep}
        for how in NAMES:
            render({"m": deep}, how)

    def test_nothing_is_loaded_before_it_is_used(self) -> None:
        """
        Starting the command line does not pay for outputters that it does not use.
        """
        code = (
            "import sys, txsalt.outputters.render\n"
            "sys.exit(str([name for name in ('yaml', 'json') if name in sys.modules] or ''))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            timeout=30,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        self.assertEqual(done.stderr.strip(), b"")


class HighstateTests(SynchronousTestCase):
    def test_blocks_and_summary(self) -> None:
        """
        States come in the order they ran, then what became of them.
        """
        data = {
            "web1": {
                "file_|-motd_|-/etc/motd_|-managed": {
                    "name": "/etc/motd", "changes": {"diff": "New file"}, "result": True,
                    "comment": "one\ntwo", "__run_num__": 1, "duration": 3.25, "__id__": "motd",
                },
                "cmd_|-no_|-false_|-run": {
                    "name": "false", "changes": {}, "result": False, "comment": "failed",
                    "__run_num__": 0, "duration": "1.5 ms", "start_time": "10:00:00.5",
                },
                "test_|-x_|-x_|-nop": {"result": None, "__run_num__": 2},
            }
        }  # fmt: skip
        self.assertEqual(
            render(data, "highstate").split("\n"),
            [
                "web1:", "----------", "          ID: no", "    Function: cmd.run",
                "        Name: false", "      Result: False", "     Comment: failed",
                "     Started: 10:00:00.5", "    Duration: 1.500 ms", "     Changes:",
                "----------", "          ID: motd", "    Function: file.managed",
                "        Name: /etc/motd", "      Result: True", "     Comment: one",
                "              two", "     Started:", "    Duration: 3.250 ms",
                "     Changes:", "              ----------", "              diff:",
                "                  New file",
                "----------", "          ID: x", "    Function: test.nop", "        Name: x",
                "      Result: None", "     Comment:", "     Started:", "    Duration: 0.000 ms",
                "     Changes:",
                "", "Summary for web1", "----------------",
                "Succeeded: 2 (unchanged=1, changed=1)", "Failed:    1", "----------------",
                "Total states run: 3", "Total run time:   0.005 s",
            ],
        )  # fmt: skip

    def test_what_is_no_state_run_is_shown_nested(self) -> None:
        """
        Compile errors and other values are readable, too.
        """
        self.assertEqual(
            render({"a": ["Rendering failed"], "b": "x"}, "highstate"),
            "a:\n    - Rendering failed\nb:\n    x",
        )
