"""
Match ``key:key:pattern`` against nested maps and lists (grains, pillar).

The longest key path is tried first, then shorter ones: ``a:b:c`` is the value ``c`` at a → b, or
the value ``b:c`` at a. Both sides are lower-cased. A list matches when an item does, a map when a
key does or the rest of the path leads further in it; ``*`` matches all that is present, and as a
key it descends into every key. Without a delimiter nothing matches.

The work is bounded, as the pattern and the data may both come from a peer: what would take more
than ``MAX_WORK`` steps is refused with BadTarget.

Source: PROTOCOL.md 11.4.
"""

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase, translate
from typing import Any, Literal

from txsalt.errors import BadTarget
from txsalt.light import define
from txsalt.targeting.bounded_regex import MAX_PATTERN, MAX_SUBJECT, MalformedRegex, bounded_regex

MAX_WORK = 100_000  # comparisons; about a tenth of a second

Kind = Literal["glob", "pcre", "exact"]

_WAYS_PER_STEP = 16  # ways a regular expression is tried in the time of one glob
_ABSENT: dict[Any, Any] = {}
_FEW = 1000  # items, or characters: far below what is refused


def path_matches(data: dict[Any, Any], expression: str, kind: Kind, delimiter: str = ":") -> bool:
    """Tell whether ``expression`` matches ``data``; raises BadTarget when that costs too much."""
    if len(expression) > MAX_PATTERN or not delimiter:
        raise BadTarget(f"longer than {MAX_PATTERN} characters, or with an empty delimiter")
    try:
        return _Search(kind).path(data, expression, delimiter)
    except RecursionError:
        raise BadTarget("grains or pillar nested too deep") from None


def path_matcher(
    expression: str, kind: Kind, delimiter: str = ":"
) -> Callable[[dict[Any, Any]], bool]:
    """Return ``path_matches`` for one expression and many maps, with the same answers."""

    def search(data: dict[Any, Any]) -> bool:
        return path_matches(data, expression, kind, delimiter)

    key, *patterns = expression.split(delimiter) if delimiter else [""]
    compare = None if len(patterns) != 1 or key == "*" else _comparison(patterns[0].lower(), kind)
    if compare is None or len(expression) > MAX_PATTERN:
        return search

    def quick(data: dict[Any, Any]) -> bool:
        # The usual grain is a text or a list of some.
        found = data.get(key)
        if type(found) is str and len(found) < _FEW:
            return compare(found.lower())
        if type(found) is list and len(found) < _FEW and all(map(_is_short, found)):
            return any([compare(each.lower()) for each in found])
        return search(data)

    return quick


def first_word(expression: str, delimiter: str = ":") -> str | None:
    """Return the word that names the one entry which ``expression`` looks at; None: any."""
    if not delimiter or expression.startswith("*"):
        return None
    return expression.split(delimiter, 1)[0]


def refuse_malformed(expression: str, delimiter: str = ":") -> None:
    """Raise MalformedRegex if no way to split the path leaves a regular expression behind it."""
    pattern = expression.partition(delimiter)[2] if delimiter else ""
    problem: MalformedRegex | None = None
    while pattern:
        try:
            bounded_regex(pattern)
            return
        except MalformedRegex as exc:
            problem = problem or MalformedRegex(exc.reason)
        except BadTarget:
            return
        # Inside of maps the default delimiter parts the words, whatever the target's own.
        pattern = max((pattern.partition(each)[2] for each in (delimiter, ":")), key=len)
    if problem is not None:
        raise problem


def keys_of(word: str) -> frozenset[Any]:
    """Return the keys that a word of an expression may mean: itself, a number, a boolean."""
    return frozenset([word, *_typed(word)])


def _comparison(pattern: str, kind: Kind) -> Callable[[str], bool] | None:
    """Return what compares a short text with a pattern; None for what may cost."""
    if kind == "exact":
        return pattern.__eq__
    if kind == "glob":
        match = re.compile(translate(pattern)).match
        return lambda text: match(text) is not None
    try:
        regex = bounded_regex(pattern)
    except BadTarget:
        return None
    # So that a full list of long texts stays within MAX_WORK.
    is_cheap = 1 + regex.ways(_FEW) // _WAYS_PER_STEP <= MAX_WORK // _FEW
    return regex.matches_start if is_cheap else None


def _is_short(item: Any) -> bool:
    return type(item) is str and len(item) < _FEW


@define
class _Search:
    kind: Kind
    work_left: int = MAX_WORK

    def path(self, data: Any, expression: str, delimiter: str) -> bool:
        parts = expression.split(delimiter)
        for split in range(len(parts) - 1, 0, -1):
            key = delimiter.join(parts[:split])
            if key == "*":
                found, rest = data, expression
            else:
                found, rest = self.walk(data, parts[:split]), delimiter.join(parts[split:])
            # An empty map counts as absent, even for "*".
            if found != _ABSENT and self.value(found, rest):
                return True
        return False

    def value(self, found: Any, pattern: str) -> bool:
        if isinstance(found, dict):
            return self.map(found, pattern)
        if isinstance(found, list | tuple):
            return any(
                (isinstance(item, dict) and self.map(item, pattern)) or self.one(item, pattern)
                for item in found
            )
        return self.one(found, pattern)

    def map(self, found: dict[Any, Any], pattern: str) -> bool:
        # Inside a map the default delimiter rules, whatever the target's own: stock minions do
        # so, and one target must choose the same minions of either kind.
        descend = pattern.startswith("*:")
        if descend:
            pattern = pattern[2:]
        if pattern == "*" or pattern in found or self.any_of(found, pattern):
            return True
        if self.path(found, pattern, ":"):
            return True
        return descend and any(self.below(item, pattern) for item in found.values())

    def below(self, item: Any, pattern: str) -> bool:
        if isinstance(item, dict):
            return self.map(item, pattern)
        if isinstance(item, list):
            return self.any_of(item, pattern)
        return self.one(item, pattern)

    def any_of(self, items: Iterable[Any], pattern: str) -> bool:
        return any(self.one(item, pattern) for item in items)

    def one(self, item: Any, pattern: str) -> bool:
        self.spend(1)
        text = str(item).lower()
        pattern = pattern.lower()
        if self.kind == "exact":
            return text == pattern
        if len(text) > MAX_SUBJECT:
            raise BadTarget("compares with a value that is too long")
        if self.kind == "glob":
            return fnmatchcase(text, pattern)
        try:
            regex = bounded_regex(pattern)
        except MalformedRegex:
            # A path that is split inside of a group, as in os:(?:a|b): another split is right.
            return False
        self.spend(regex.ways(len(text)) // _WAYS_PER_STEP)
        return regex.matches_start(text)

    def walk(self, data: Any, keys: list[str]) -> Any:
        for key in keys:
            self.spend(1)
            data = _step_into_list(data, key) if isinstance(data, list) else _step(data, key)
            if data is _ABSENT:
                break
        return data

    def spend(self, steps: int) -> None:
        self.work_left -= steps
        if self.work_left < 0:
            raise BadTarget("matching takes too long")


def _step(data: Any, key: str) -> Any:
    if not isinstance(data, dict):
        return _ABSENT
    if key in data:
        return data[key]
    # Keys in YAML may be numbers or booleans, those in a target are always text.
    return next((data[own] for own in _typed(key) if own in data), _ABSENT)


def _step_into_list(data: list[Any], key: str) -> Any:
    number = _as_number(key)
    wanted: str | int = key if number is None else number
    for item in data:
        if isinstance(item, dict) and wanted in item:
            return item[wanted]
    if number is not None and -len(data) <= number < len(data):
        return data[number]
    return _ABSENT


def _typed(key: str) -> list[Any]:
    words: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
    if key.lower() in words:
        return [words[key.lower()]]
    number = _as_number(key)
    if number is not None:
        return [number]
    try:
        return [float(key)]
    except ValueError:
        return []


def _as_number(key: str) -> int | None:
    # Long digits would cost, and no key is like that.
    if len(key) > 20:
        return None
    try:
        return int(key)
    except ValueError:
        return None
