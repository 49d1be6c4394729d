"""
Regular expressions that cannot stall the process that matches them.

A target comes over the network, and what it is matched against (grains) may too. Python's engine
backtracks, so a short pattern can take years. Each pattern is therefore looked at once, as a tree,
and for each subject an upper bound is known of the ways in which the pattern can be laid over it.
A pattern is refused when a repeat without end holds another choice, or repeats what may be
empty; a match is refused when the bound for that subject is too high.
"""

import math
import re
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from attrs import field, frozen

from txsalt.errors import BadTarget

MAX_PATTERN = 1024  # characters
MAX_SUBJECT = 65536  # characters
MAX_WAYS = 2_000_000  # about a tenth of a second at worst

_ENDLESS = MAX_WAYS + 1
_SHORT = 255  # characters; ten thousand ids have few lengths
_ONE_WAY = {"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "GROUPREF"}
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


class MalformedRegex(BadTarget):
    """A pattern that is no regular expression at all."""


@frozen
class BoundedRegex:
    """A compiled pattern and its tree, from which the cost of a match is foretold."""

    regex: re.Pattern[str]
    tree: Any  # re's own parse tree, which has no public type
    _known: dict[int, int] = field(init=False, factory=dict, eq=False, repr=False)

    def ways(self, length: int) -> int:
        """Return an upper bound of the ways to try on ``length`` characters, capped."""
        ways = self._known.get(length)
        if ways is None:
            ways = _ways(self.tree, length)
            if length <= _SHORT:
                self._known[length] = ways
        return ways

    def matches_start(self, subject: str) -> bool:
        """Tell whether the pattern matches at the start; raises BadTarget if that would cost."""
        if len(subject) > MAX_SUBJECT or self.ways(len(subject)) > MAX_WAYS:
            raise BadTarget("regular expression takes too long")
        return self.regex.match(subject) is not None


def bounded_regex(pattern: str) -> BoundedRegex:
    """Compile a pattern; raises MalformedRegex, or BadTarget when it is too long or could stall."""
    if len(pattern) > MAX_PATTERN:
        raise BadTarget(f"regular expression longer than {MAX_PATTERN} characters")
    compiled = _compiled(pattern)
    if isinstance(compiled, BadTarget):
        # A new one each time: an exception raised twice keeps the frames of both.
        raise type(compiled)(compiled.reason)
    return compiled


# Refusals are kept too: a bad pattern is tried against thousands of minions.
@lru_cache(maxsize=256)
def _compiled(pattern: str) -> BoundedRegex | BadTarget:
    try:
        tree = _parser.parse(pattern)
        _refuse_stalling(tree)
        return BoundedRegex(re.compile(pattern), tree)
    except BadTarget as exc:
        return BadTarget(exc.reason)
    except (re.error, RecursionError, OverflowError, ValueError) as exc:
        return MalformedRegex(f"not a regular expression: {exc}")


def _refuse_stalling(tree: Any) -> None:
    for op, argument in tree:
        if op.name in _REPEATS:
            _, highest, body = argument
            if highest > 1 and body.getwidth()[0] == 0:
                raise BadTarget("regular expression repeats something that may be empty")
            if highest == _constants.MAXREPEAT and _ways(body, 8) > 1:
                raise BadTarget("regular expression has a repeat inside an endless repeat")
        for part in _parts(op, argument):
            _refuse_stalling(part)


def _ways(tree: Any, length: int) -> int:
    ways = 1
    stars = 0
    for op, argument in tree:
        if op.name in _REPEATS and _is_simple_star(argument, length):
            stars += 1
        else:
            ways *= _ways_of_one(op, argument, length)
        if ways > MAX_WAYS:
            return _ENDLESS
    # Stars in a row share the characters out among them.
    return min(_ENDLESS, ways * math.comb(length + stars, stars))


def _is_simple_star(argument: Any, length: int) -> bool:
    lowest, highest, body = argument
    return bool(lowest < length <= highest and _ways(body, length) == 1)


def _ways_of_one(op: Any, argument: Any, length: int) -> int:
    if op.name in _ONE_WAY:
        return 1
    if op.name in _REPEATS:
        lowest, highest, body = argument
        return _ways_of_repeat(lowest, min(highest, length), _ways(body, length))
    if op.name == "BRANCH" and _is_decided_at_once(argument[1]):
        return 1
    if op.name == "BRANCH":
        return sum(_ways(part, length) for part in argument[1])
    ways: int = math.prod(_ways(part, length) for part in _parts(op, argument))
    return ways


def _ways_of_repeat(lowest: int, highest: int, inner: int) -> int:
    counts = max(1, highest - lowest + 1)
    if inner == 1:
        return counts
    if highest > MAX_WAYS.bit_length():  # two to that power is over the limit already
        return _ENDLESS
    # pow() of two ints may be a float to a type checker.
    return min(_ENDLESS, counts * int(inner**highest))


def _is_decided_at_once(alternatives: list[Any]) -> bool:
    """Tell whether the next character alone says which alternative can match, as in foo|bar."""
    firsts = set()
    for part in alternatives:
        if not len(part) or part[0][0].name != "LITERAL" or _ways(part, 8) != 1:
            return False
        firsts.add(chr(part[0][1]).lower())
    return len(firsts) == len(alternatives)


def _parts(op: Any, argument: Any) -> list[Any]:
    """Return the trees inside one node of the tree."""
    if op.name in _REPEATS:
        return [argument[2]]
    if op.name == "BRANCH":
        return list(argument[1])
    if op.name == "SUBPATTERN":
        return [argument[3]]
    if op.name in ("ASSERT", "ASSERT_NOT"):
        return [argument[1]]
    if op.name == "ATOMIC_GROUP":
        return [argument]
    if op.name in _ONE_WAY or op.name in ("FAILURE", "SUCCESS"):
        return []
    raise BadTarget(f"regular expression uses {op.name.lower().replace('_', ' ')}")
