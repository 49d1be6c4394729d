"""
Parse compound targets, such as ``web* and ( G@os:Debian or not E@db[0-9]+ )``.

A target is words separated by blanks; ``and``, ``or``, ``not`` and parentheses are words of their
own; each other word is ``<letter>[<delimiter>]@<pattern>`` or a bare glob.

    either  = both ("or" both)*
    both    = single (["and"] "not" item | "and" item)*
    single  = ["not"] item
    item    = "(" either ")" | pattern

Source: PROTOCOL.md 11.4.
"""

from collections.abc import Callable, Iterator, Sequence

from txsalt.errors import BadTarget
from txsalt.light import define, frozen

MAX_LENGTH = 65536  # characters
MAX_WORDS = 4096
MAX_DEPTH = 50  # parentheses
ENGINES = {
    "G": "grain",
    "P": "grain_pcre",
    "I": "pillar",
    "J": "pillar_pcre",
    "L": "list",
    "N": "nodegroup",
    "S": "ipcidr",
    "E": "pcre",
    "R": "range",
    "T": "resource",
    "M": "managing_minion",
}
OPERATORS = frozenset(["and", "or", "not", "(", ")"])

_WITH_DELIMITER = "GPIJ"


@frozen
class Pattern:
    """One word: ``engine`` is a ``tgt_type`` name, ``position`` counts characters from 0."""

    engine: str
    pattern: str
    delimiter: str = ":"
    position: int = 0


@frozen
class Not:
    """What ``item`` does not match."""

    item: "Node"


@frozen
class And:
    """What all ``items`` match."""

    items: tuple["Node", ...]


@frozen
class Or:
    """What any of ``items`` matches."""

    items: tuple["Node", ...]


Node = Pattern | Not | And | Or


def parse_compound(text: str | Sequence[str]) -> Node:
    """
    Parse a compound target: a text, or its words as a list (words may then hold blanks).

    Raises BadTarget with the position of the word at fault.
    """
    words = split_words(text) if isinstance(text, str) else _placed(text)
    if len(words) > MAX_WORDS:
        raise BadTarget(f"more than {MAX_WORDS} words", words[MAX_WORDS][1])
    return _Parser(words).parse()


def parse_word(word: str, position: int = 0) -> Pattern:
    """Parse one word that is no operator; a word without a known letter is a glob on the id."""
    letter = word[:1]
    if len(word) > 3 and letter in _WITH_DELIMITER and word[2] == "@":
        return Pattern(ENGINES[letter], word[3:], word[1], position)
    if len(word) > 2 and word[1] == "@" and letter in ENGINES:
        return Pattern(ENGINES[letter], word[2:], position=position)
    return Pattern("glob", word, position=position)


def leaves(node: Node) -> Iterator[Pattern]:
    """Yield every pattern of an expression, from left to right."""
    if isinstance(node, Pattern):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.item)
    else:
        for item in node.items:
            yield from leaves(item)


def evaluate(node: Node, leaf: Callable[[Pattern], bool | None]) -> bool | None:
    """
    Work out an expression; ``leaf`` says True, False, or None for "nobody knows here".

    None spreads only where it matters: ``False and None`` is False, ``not None`` is None.
    """
    if isinstance(node, Pattern):
        return leaf(node)
    if isinstance(node, Not):
        inner = evaluate(node.item, leaf)
        return None if inner is None else not inner
    decisive = isinstance(node, Or)
    unsure = False
    for item in node.items:
        # Without a call in between: there may be hundreds, for each of thousands of minions.
        value = leaf(item) if isinstance(item, Pattern) else evaluate(item, leaf)
        if value is decisive:
            return decisive
        unsure = unsure or value is None
    return None if unsure else not decisive


def split_words(text: str) -> list[tuple[str, int]]:
    """Split at blanks; returns (word, position of its first character)."""
    if len(text) > MAX_LENGTH:
        raise BadTarget(f"longer than {MAX_LENGTH} characters", MAX_LENGTH)
    words = []
    position = 0
    for word in text.split():
        position = text.index(word, position)
        words.append((word, position))
        position += len(word)
    return words


def _placed(words: Sequence[str]) -> list[tuple[str, int]]:
    placed = []
    position = 0
    for word in words:
        if not isinstance(word, str):
            raise BadTarget("a word that is not text", position)
        placed.append((word, position))
        position += len(word) + 1
    if position > MAX_LENGTH:
        raise BadTarget(f"longer than {MAX_LENGTH} characters", MAX_LENGTH)
    return placed


@define
class _Parser:
    words: list[tuple[str, int]]
    at: int = 0
    depth: int = 0

    def parse(self) -> Node:
        if not self.words:
            raise BadTarget("empty expression")
        node = self.either()
        if self.at < len(self.words):
            word, position = self.words[self.at]
            if word == ")":
                raise BadTarget("a closing parenthesis without an opening one", position)
            raise BadTarget("'and' or 'or' is missing before this word", position)
        return node

    def either(self) -> Node:
        items = [self.both()]
        while self.take("or"):
            items.append(self.both())
        return items[0] if len(items) == 1 else Or(tuple(items))

    def both(self) -> Node:
        items = [self.single()]
        # "a not b" means "a and not b".
        while self.take("and") or self.peek() == "not":
            items.append(self.single())
        return items[0] if len(items) == 1 else And(tuple(items))

    def single(self) -> Node:
        return Not(self.item()) if self.take("not") else self.item()

    def item(self) -> Node:
        if self.at >= len(self.words):
            last, position = self.words[-1]
            raise BadTarget(f"nothing follows '{last}'", position)
        word, position = self.words[self.at]
        self.at += 1
        if word == "(":
            return self.group(position)
        if word in OPERATORS:
            raise BadTarget(f"'{word}' where a pattern is needed", position)
        return parse_word(word, position)

    def group(self, position: int) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadTarget(f"parentheses deeper than {MAX_DEPTH}", position)
        node = self.either()
        if not self.take(")"):
            if self.at < len(self.words):
                raise BadTarget("'and' or 'or' is missing before this word", self.words[self.at][1])
            raise BadTarget("this parenthesis is never closed", position)
        self.depth -= 1
        return node

    def peek(self) -> str | None:
        return self.words[self.at][0] if self.at < len(self.words) else None

    def take(self, word: str) -> bool:
        if self.peek() != word:
            return False
        self.at += 1
        return True
