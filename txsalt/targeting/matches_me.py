"""
Decide whether a publication is meant for this minion.

Source: PROTOCOL.md 11.3 (steps 2 and 3), 11.4.
"""

from collections.abc import Callable, Sequence
from typing import Any

from txsalt.errors import BadTarget
from txsalt.targeting import matchers
from txsalt.targeting.bounded_regex import MAX_PATTERN, bounded_regex
from txsalt.targeting.expression import Node, Pattern, evaluate, leaves, parse_compound
from txsalt.targeting.facts import Facts, Source
from txsalt.targeting.paths import Kind, first_word, path_matcher, refuse_malformed

# A delimiter of the publication's own counts only for these.
WITH_DELIMITER = frozenset(["grain", "grain_pcre", "pillar"])
COMPOUNDS = frozenset(["compound", "compound_pillar_exact"])

_BY_ID: dict[str, Callable[[str, str], bool]] = {
    "glob": matchers.glob,
    "pcre": matchers.pcre,
    "list": matchers.listed,
}
_BY_PATH: dict[str, Callable[[str, Facts, str], bool]] = {
    "grain": matchers.grain,
    "grain_pcre": matchers.grain_pcre,
    "pillar": matchers.pillar,
    "pillar_pcre": matchers.pillar_pcre,
    "pillar_exact": matchers.pillar_exact,
}
_KINDS: dict[str, Kind] = {
    "grain": "glob",
    "grain_pcre": "pcre",
    "pillar": "glob",
    "pillar_pcre": "pcre",
    "pillar_exact": "exact",
}
BY_ID = frozenset(_BY_ID)
BY_FACTS = frozenset([*_BY_PATH, "ipcidr"])


def matches(tgt: str | Sequence[str], tgt_type: str, facts: Facts, delimiter: str = ":") -> bool:
    """Tell whether ``facts`` are meant; an unknown ``tgt_type`` or bad syntax means nobody."""
    try:
        if tgt_type in COMPOUNDS:
            node = usable_compound(tgt, tgt_type)
            return evaluate(node, lambda leaf: match_leaf(leaf, facts, tgt_type)) is True
        if tgt_type == "list" and isinstance(tgt, list | tuple):
            return matchers.listed(tgt, facts.id)
        if not isinstance(tgt, str):
            return False
        own = delimiter if tgt_type in WITH_DELIMITER else ":"
        return match_engine(tgt_type, tgt, facts, own)
    except BadTarget:
        return False


def match_engine(engine: str, pattern: str, facts: Facts, delimiter: str) -> bool:
    """Match one pattern of one engine (a ``tgt_type`` that is not compound); raises BadTarget."""
    if engine in _BY_ID:
        return _BY_ID[engine](pattern, facts.id)
    if engine in _BY_PATH:
        return _BY_PATH[engine](pattern, facts, delimiter)
    return engine == "ipcidr" and matchers.ipcidr(pattern, facts)


def match_leaf(leaf: Pattern, facts: Facts, tgt_type: str) -> bool:
    """Match one word of a compound target."""
    return match_engine(_engine(leaf, tgt_type), leaf.pattern, facts, leaf.delimiter)


def leaf_matcher(leaf: Pattern, tgt_type: str) -> Callable[[dict[Any, Any]], bool]:
    """
    Return ``match_leaf`` of a word that looks at facts, for the maps of many minions.

    They are what ``looks_at`` says. Raises BadTarget.
    """
    engine = _engine(leaf, tgt_type)
    if engine == "ipcidr":
        return matchers.ipcidr_matcher(leaf.pattern)
    return path_matcher(leaf.pattern, _KINDS[engine], leaf.delimiter)


def looks_at(leaf: Pattern) -> tuple[Source, str | None]:
    """
    Return where a word that looks at facts finds the one entry that it needs; None: any.

    Its name stands for each key that ``paths.keys_of`` gives for it. Raises BadTarget.
    """
    if leaf.engine == "ipcidr":
        return "grains", matchers.address_grain(leaf.pattern)
    source: Source = "grains" if leaf.engine.startswith("grain") else "pillar"
    return source, first_word(leaf.pattern, leaf.delimiter)


def _engine(leaf: Pattern, tgt_type: str) -> str:
    if tgt_type == "compound_pillar_exact" and leaf.engine in ("pillar", "pillar_pcre"):
        return "pillar_exact"
    return leaf.engine


def usable_compound(tgt: str | Sequence[str], tgt_type: str) -> Node:
    """
    Parse a compound target and refuse words that cannot be decided here.

    Such a word spoils the whole target: with ``not`` before it, it would choose everybody.
    Nodegroups must have been resolved.  Raises BadTarget.
    """
    if not isinstance(tgt, str | list | tuple):
        raise BadTarget("neither a text nor a list of words")
    node = parse_compound(tgt)
    for leaf in leaves(node):
        if leaf.engine not in BY_ID and leaf.engine not in BY_FACTS:
            raise BadTarget(f"{leaf.engine} targets cannot be matched here", leaf.position)
        try:
            check_pattern(leaf.engine, leaf.pattern)
        except BadTarget as exc:
            raise BadTarget(exc.reason, leaf.position) from None
    return node


def check_pattern(engine: str, pattern: str) -> None:
    """Raise BadTarget for what can be seen to be wrong before any minion is looked at."""
    if engine == "pcre":
        bounded_regex(pattern)
    elif engine == "ipcidr":
        matchers.network_of(pattern)
    elif len(pattern) > MAX_PATTERN and engine != "list":
        raise BadTarget(f"pattern longer than {MAX_PATTERN} characters")


def check_regex(leaf: Pattern, tgt_type: str) -> None:
    """
    Raise BadTarget for a regular expression on facts that is none, wherever its path is split.

    It matches no value, here as with Salt. As a key may be spelled like that, this is only for
    saying why a target means nobody.
    """
    if _KINDS.get(_engine(leaf, tgt_type)) == "pcre":
        refuse_malformed(leaf.pattern, leaf.delimiter)
