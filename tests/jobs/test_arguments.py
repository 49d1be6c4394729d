"""Tests of arguments on both ends."""

import inspect
import subprocess
import sys

import yaml
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.jobs.arguments import load_args_and_kwargs, parse_words, typed_word
from txsalt.jobs.errors import InvalidArguments, SaltInvocationError

SAME = object()


class TypedWordTests(SynchronousTestCase):
    def test_words_as_the_stock_command_line_types_them(self) -> None:
        """
        Each word has the type that a Salt user expects.
        """
        for word, value in {
            "5": 5,
            "-5": -5,
            "010": 10,
            "0644": 644,
            "08": SAME,
            "0x1F": 31,
            "0b11": 3,
            "0": 0,
            "1.5": 1.5,
            ".5": 0.5,
            "+.5": SAME,
            "1e3": SAME,
            "1.0e+3": 1000.0,
            "1.2.3": SAME,
            "1_000": SAME,
            "0x_": SAME,
            "1:30": 90,
            "1:30.5": 90.5,
            "-.inf": float("-inf"),
            "true": True,
            "Yes": True,
            "OFF": False,
            "y": SAME,
            "n": SAME,
            "null": None,
            "~": None,
            "None": None,
            "none": SAME,
            "2026-01-01": SAME,
            "2026-01-01 10:00:00": SAME,
            "": SAME,
            "  ": SAME,
            " foo ": "foo",
            " 5 ": 5,
            "---": SAME,
            "...": SAME,
            "'5'": "5",
            '"a\\tb"': "a\tb",
            "'it''s'": "it's",
            "'a' b": SAME,
            "'a": SAME,
            "#": SAME,
            "a #b": SAME,
            "a#b": SAME,
            "'a#b'": SAME,
            "5 #x": 5,
            "[1] # x": [1],
            "a b": SAME,
            "a: b": SAME,
            "- a": SAME,
            "?": SAME,
            "? a": SAME,
            "&a b": SAME,
            "*": SAME,
            "*a": SAME,
            "!": SAME,
            "!x": SAME,
            "|": SAME,
            ">": SAME,
            "%": SAME,
            "@": SAME,
            "`": SAME,
            "=": SAME,
            "<<": SAME,
            "a\tb": SAME,
            "[1,\n2]": SAME,
            "http://x:80/": SAME,
            "a:b": SAME,
            "-": SAME,
            "--x": SAME,
            "C:\\": SAME,
            "é": SAME,
            "$(x)": SAME,
            "a=b": SAME,
            "[]": [],
            "[1,2]": [1, 2],
            "[a, 'b', 1.5, null]": ["a", "b", 1.5, None],
            "[a,]": ["a"],
            "[,]": SAME,
            "[a: b]": [{"a": "b"}],
            "[[1], {a: [2]}]": [[1], {"a": [2]}],
            "[-]": ["-"],
            "[a b, 1_000]": ["a b", 1000],
            "[1": SAME,
            "1]": SAME,
            "[a]]": SAME,
            " [1]": SAME,
            "{}": {},
            "{a: b}": {"a": "b"},
            '{"a":1}': {"a": 1},
            "{a:1}": {"a:1": None},
            "{a}": {"a": None},
            "{1: x}": {1: "x"},
            "{a: 1, a: 2}": SAME,
            "{[1]: 2}": SAME,
            "{{x}}": SAME,
            "{a: }": {"a": None},
            "{<<: {a: b}}": SAME,
            "{a:}": SAME,
            "[" * 5000 + "]" * 5000: SAME,
            '"\\ud800"': SAME,
            '"\\ud83e\\udd84"': "🦄",
            '"\\ud83e\\u0041"': SAME,
        }.items():
            expected = word if value is SAME else value
            self.assertEqual(repr(typed_word(word)), repr(expected), word)

    @given(
        st.text(st.sampled_from("ab10 ,:[]{}'\"-?.\\x"), max_size=9).map(lambda text: f"[{text}]")
    )
    def test_lists_are_read_as_yaml_does(self, word: str) -> None:
        """
        Where a YAML library reads a list, so do we, and the same; where it refuses, so do we.
        """
        try:
            expected = yaml.load(word, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, ValueError, TypeError):
            expected = word
        found = typed_word(word)
        # Complex keys ("?") and leading zeros are ours on purpose.
        if "?" not in word and "0" not in word:
            self.assertEqual(repr(found), repr(expected))

    @given(st.text())
    def test_no_word_is_too_strange(self, word: str) -> None:
        """
        Whatever is typed becomes some value.
        """
        parse_words([word])


class ParseWordsTests(SynchronousTestCase):
    def test_keywords_go_into_one_marked_map_at_the_end(self) -> None:
        """
        Keywords may stand anywhere among the words.
        """
        self.assertEqual(
            parse_words(["a=1", "x", "b-c.d=[1]", "a==1", "2=3", "=x", "u=http://x?y=z", "e="]),
            [
                "x",
                "a==1",
                "2=3",
                "=x",
                {"__kwarg__": True, "a": 1, "b-c.d": [1], "u": "http://x?y=z", "e": ""},
            ],
        )
        self.assertEqual(parse_words(["5", "None"]), [5, None])
        self.assertEqual(parse_words([]), [])

    def test_job_ids_stay_text(self) -> None:
        """
        A job id is no number, though it looks like one.
        """
        self.assertEqual(parse_words(["20261123120000000007"]), ["20261123120000000007"])
        self.assertEqual(parse_words(["99999999999999999999", "5"]), ["99999999999999999999", 5])

    def test_longest_number(self) -> None:
        """
        A number that could not be written again stays text, however it was written.
        """
        longest = "0x" + 3498 * "f"
        self.assertLess(len(str(parse_words([longest])[0])), 4300)
        self.assertEqual(parse_words([longest + "f"]), [longest + "f"])

    def test_no_yaml_library_is_loaded(self) -> None:
        """
        Typing arguments does not slow down the start of the command line.
        """
        code = (
            "import sys; from txsalt.jobs.arguments import parse_words\n"
            "parse_words(['[1, {a: b}]', 'a=5'])\nsys.exit('yaml' if 'yaml' in sys.modules else 0)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            timeout=30,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))


def plain(a, b=2, *, c=3): ...
def starred(a, *rest, **kwargs): ...


def loaded(function, arg, publication=None):
    return load_args_and_kwargs(inspect.signature(function), arg, publication)


class LoadArgsAndKwargsTests(SynchronousTestCase):
    def test_arguments_and_keywords(self) -> None:
        """
        Maps with the mark, and texts of the form name=value, become keywords.
        """
        self.assertEqual(
            loaded(plain, ["x y", "b=[1, 2]", {"__kwarg__": True, "c": "b=5"}]),
            (["x y"], {"b": [1, 2], "c": "b=5"}),
        )
        self.assertEqual(loaded(plain, [{"c": 1}, 5]), ([{"c": 1}, 5], {}))
        self.assertEqual(loaded(plain, ["5"]), (["5"], {}))
        self.assertEqual(loaded(plain, ["a==1"]), (["a==1"], {}))
        self.assertEqual(loaded(plain, ["a=x\ny"]), (["a=x\ny"], {}))

    def test_unknown_keywords_are_refused(self) -> None:
        """
        A misspelt keyword fails the job and is named.
        """
        for arg in [["x", "d=1"], ["x", {"__kwarg__": True, "d": 1}]]:
            error = self.assertRaises(SaltInvocationError, loaded, plain, arg)
            self.assertIn("d=1", str(error))

    def test_calls_that_do_not_fit(self) -> None:
        """
        Too few, too many, or the same argument twice.
        """
        for arg in [[], [1, 2, 3], [1, "a=2"]]:
            self.assertRaises(InvalidArguments, loaded, plain, arg)

    def test_fields_of_the_publication(self) -> None:
        """
        A function that takes any keyword is told all about the job; others are not.
        """
        publication = {"jid": "1", "fun": "x.y"}
        self.assertEqual(
            loaded(starred, [1, 2, "d=5"], publication),
            ([1, 2], {"d": 5, "__pub_jid": "1", "__pub_fun": "x.y"}),
        )
        self.assertEqual(loaded(plain, [1], publication), ([1], {}))
