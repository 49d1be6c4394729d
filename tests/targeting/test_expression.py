"""Tests of compound targets as trees."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadTarget
from txsalt.targeting.expression import (
    MAX_DEPTH,
    MAX_LENGTH,
    And,
    Node,
    Not,
    Pattern,
    evaluate,
    leaves,
    parse_compound,
    parse_word,
)


def said(node: Node) -> str:
    """Write a tree with all its parentheses."""
    if isinstance(node, Pattern):
        return node.pattern
    if isinstance(node, Not):
        return f"!{said(node.item)}"
    sign = "&" if isinstance(node, And) else "|"
    return "(" + sign.join(said(item) for item in node.items) + ")"


class ParseCompoundTests(SynchronousTestCase):
    def test_precedence(self) -> None:
        """
        ``not`` binds closest, then ``and``, then ``or``; parentheses come first.
        """
        for text, meaning in {
            "a": "a",
            "a and b or c": "((a&b)|c)",
            "a or b and c": "(a|(b&c))",
            "a or b or c": "(a|b|c)",
            "not a and b": "(!a&b)",
            "not ( a or b )": "!(a|b)",
            "a not b": "(a&!b)",
            "a not b not c or d": "((a&!b&!c)|d)",
            "a and not b": "(a&!b)",
            "( a or b ) not ( c )": "((a|b)&!c)",
            "  a   and\tb ": "(a&b)",
            "(a and b)": "((a&b))",
        }.items():
            self.assertEqual(said(parse_compound(text)), meaning, text)

    def test_mistakes_are_shown_where_they_are(self) -> None:
        """
        Each mistake says what is wrong, and at which character.
        """
        for text, position in {
            "": 0,
            "   ": 0,
            "and a": 0,
            "a and": 2,
            "a b": 2,
            "a or or b": 5,
            "not not a": 4,
            "( a": 0,
            "a )": 2,
            "( )": 2,
            "( a b )": 4,
            "a ( b )": 2,
            "web* and or db*": 9,
        }.items():
            error = self.assertRaises(BadTarget, parse_compound, text)
            self.assertEqual(error.position, position, text)
        self.assertIn(
            "'and' or 'or' is missing", str(self.assertRaises(BadTarget, parse_compound, "a b"))
        )

    def test_words_given_as_a_list_may_hold_blanks(self) -> None:
        """
        A nodegroup written as a list can name a grain value with a blank in it.
        """
        node = parse_compound(["G@os:Red Hat", "and", "web*"])
        self.assertEqual(said(node), "(os:Red Hat&web*)")
        self.assertRaises(BadTarget, parse_compound, ["a", "and", 5])

    def test_limits(self) -> None:
        """
        Too long, too many words, too deep: refused, and quickly.
        """
        deep = "( " * MAX_DEPTH + "a" + " )" * MAX_DEPTH
        self.assertEqual(said(parse_compound(deep)), "a")
        for text in [f"( {deep} )", "a" * (MAX_LENGTH + 1), "a or " * 5000 + "a", "( " * 30000]:
            self.assertRaises(BadTarget, parse_compound, text)
        self.assertRaises(BadTarget, parse_compound, ["a" * MAX_LENGTH, "or", "b"])

    @given(st.lists(st.sampled_from(["a", "G@b:c", "and", "or", "not", "(", ")"]), max_size=9))
    def test_any_sequence_of_words_is_read_or_refused(self, words: list[str]) -> None:
        """
        Python, given the same words with values, agrees on what is well formed.
        """
        try:
            node = parse_compound(" ".join(words))
        except BadTarget:
            return
        python = []
        for word in words:
            if word == "not" and python and python[-1] not in ("and", "or", "("):
                python.append("and")
            python.append(word if word in ("and", "or", "not", "(", ")") else str(word == "a"))
        value = eval(" ".join(python))
        self.assertEqual(evaluate(node, lambda leaf: leaf.engine == "glob"), value)


class ParseWordTests(SynchronousTestCase):
    def test_letters_and_delimiters(self) -> None:
        """
        One letter names the kind; grains and pillar may carry a delimiter of one character.
        """
        for word, (engine, pattern, delimiter) in {
            "G@os:Debian": ("grain", "os:Debian", ":"),
            "G|@a|b|c": ("grain", "a|b|c", "|"),
            "P@os:(a|b)": ("grain_pcre", "os:(a|b)", ":"),
            "I@a:b": ("pillar", "a:b", ":"),
            "J!@a!b": ("pillar_pcre", "a!b", "!"),
            "L@a,b": ("list", "a,b", ":"),
            "N@web": ("nodegroup", "web", ":"),
            "S@10.0.0.0/8": ("ipcidr", "10.0.0.0/8", ":"),
            "E@web[0-9]": ("pcre", "web[0-9]", ":"),
            "R@%x": ("range", "%x", ":"),
            "G@@a": ("grain", "a", "@"),
            "G@a@b": ("grain", "a@b", ":"),
            "S|@x": ("glob", "S|@x", ":"),
            "X@x": ("glob", "X@x", ":"),
            "G@": ("glob", "G@", ":"),
            "web*": ("glob", "web*", ":"),
        }.items():
            parsed = parse_word(word)
            self.assertEqual(
                (parsed.engine, parsed.pattern, parsed.delimiter), (engine, pattern, delimiter)
            )


class EvaluateTests(SynchronousTestCase):
    def test_what_is_not_known_spreads_only_where_it_matters(self) -> None:
        """
        With an unknown part, a target is undecided only if that part decides.
        """
        known = {"yes": True, "no": False, "maybe": None}
        for text, value in {
            "maybe": None,
            "not maybe": None,
            "yes or maybe": True,
            "no or maybe": None,
            "maybe and no": False,
            "maybe and yes": None,
            "not ( maybe or yes )": False,
        }.items():
            self.assertEqual(
                evaluate(parse_compound(text), lambda leaf: known[leaf.pattern]), value, text
            )

    def test_leaves(self) -> None:
        """
        Every pattern is listed from left to right, with its place.
        """
        node = parse_compound("a and not ( G@b:c or d )")
        self.assertEqual(
            [(x.pattern, x.position) for x in leaves(node)], [("a", 0), ("b:c", 12), ("d", 21)]
        )
