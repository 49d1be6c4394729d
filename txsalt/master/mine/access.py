"""
Who may read a value of the mine.

A minion may wrap a value with the target that may read it; the master's option ``mine_get`` says
which functions an id may ask for at all.

Source: PROTOCOL section 9.5.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any  # mine values are any msgpack value

from txsalt.targeting.facts import Facts, FactsOf
from txsalt.targeting.matches_me import matches

_MARK, _DATA = "__saltmine_acl__", "__data__"


def allowed_functions(
    rules: Mapping[str, Any], minion_id: str, functions: Sequence[str]
) -> list[str]:
    """Return those of ``functions`` that an id may ask for; no rules allow everything."""
    if not rules:
        return list(functions)
    patterns = [
        pattern
        for ids, allowed in rules.items()
        if _fits(ids, minion_id) and isinstance(allowed, list)
        for pattern in allowed
    ]
    return [
        function for function in functions if any(_fits(pattern, function) for pattern in patterns)
    ]


def unwrap(value: Any, reader: str, facts_of: FactsOf) -> list[Any]:
    """Return [the plain value], or [] if its owner does not show it to ``reader``."""
    if not isinstance(value, dict) or _MARK not in value:
        return [value]
    allowed, tgt_type = value.get("allow_tgt"), value.get("allow_tgt_type") or "glob"
    if not allowed:
        return [value.get(_DATA)]
    if not isinstance(allowed, str | list) or not isinstance(tgt_type, str):
        return []
    facts = facts_of(reader) or Facts(reader)
    return [value.get(_DATA)] if matches(allowed, tgt_type, facts) else []


def _fits(pattern: object, text: str) -> bool:
    if not isinstance(pattern, str):
        return False
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False
