"""
Match names against the operator's patterns.

A pattern always means the whole name: ``test.ping`` grants nothing else that begins so. Patterns
whose match could stall count as no match, or as a match where a match forbids.

Source: Salt 3008.3, utils/minions.py match_check and utils/stringutils.py expr_match (what may be
written; Salt's own functions match at the start only, ours match the whole).
"""

from txsalt.errors import BadTarget
from txsalt.targeting.bounded_regex import bounded_regex
from txsalt.targeting.matchers import glob


def fits(pattern: object, name: str) -> bool:
    """Tell whether a regular expression matches a whole name; what is no pattern matches none."""
    if not isinstance(pattern, str):
        return False
    try:
        return bounded_regex(rf"(?:{pattern})\Z").matches_start(name)
    except BadTarget:
        return False


def names(pattern: object, name: str, *, unsure: bool = False) -> bool:
    """
    Tell whether a glob or a regular expression means a user or a module.

    ``unsure`` is the answer for a pattern that cannot be judged.
    """
    if not isinstance(pattern, str):
        return unsure
    try:
        if pattern == name or glob(pattern, name):
            return True
    except BadTarget:
        return unsure
    try:
        return bounded_regex(rf"(?:{pattern})\Z").matches_start(name)
    except BadTarget:
        # Most globs are no regular expressions, so this one is judged already.
        return unsure and not _is_glob(pattern)


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[") and not any(sign in pattern for sign in "(|^$\\")
