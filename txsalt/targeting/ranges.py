"""
Replace ranges (``R@%web:frontends``) by the ids that they stand for.

What a range is, a plug-in of the operator's knows (master/worker/ranges.py). Minions do not ask it:
as with nodegroups, the sender resolves.
"""

from collections.abc import Callable, Collection, Sequence

from txsalt.errors import BadTarget
from txsalt.targeting.expression import MAX_LENGTH, OPERATORS, parse_word

Expand = Callable[[str], Collection[str]]


def resolve(text: str, expand: Expand) -> str:
    """
    Replace each ``R@range`` of a compound target by a list of ids.

    Raises BadTarget for what becomes too long, and whatever ``expand`` raises.
    """
    if "R@" not in text:
        return text  # as it was typed, so that positions in error messages fit
    words = [word if word in OPERATORS else _resolved(word, expand) for word in text.split()]
    resolved = " ".join(words)
    if len(resolved) > MAX_LENGTH:
        raise BadTarget(f"longer than {MAX_LENGTH} characters with its ranges")
    return resolved


def ids_of(text: str, expand: Expand) -> list[str]:
    """Return the ids of one range, sorted, without those that no list can hold."""
    return sorted({each for each in expand(text) if _is_plain(each)})


def _resolved(word: str, expand: Expand) -> str:
    pattern = parse_word(word)
    if pattern.engine != "range":
        return word
    ids: Sequence[str] = ids_of(pattern.pattern, expand)
    # A range that is empty is a list of nobody; it has to have a sign for ``not`` to see it.
    return f"L@{','.join(ids) or ','}"


def _is_plain(id: str) -> bool:
    return bool(id) and "," not in id and not any(sign.isspace() for sign in id)
