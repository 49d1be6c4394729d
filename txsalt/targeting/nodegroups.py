"""
Replace nodegroup names by what they stand for.

Nodegroups are the master's option ``nodegroups``: name → a compound target as text or as a list of
words, or simply a list of ids. Minions do not know them: the sender resolves them.
"""

from collections.abc import Mapping, Sequence
from itertools import islice

from txsalt.errors import BadTarget
from txsalt.targeting.expression import MAX_LENGTH, OPERATORS, parse_word

Nodegroups = Mapping[str, str | Sequence[str]]

# A guess takes time that grows with both.
_LONGEST_GUESS, _MOST_GUESSES = 64, 1000
_REGEX_SIGNS = frozenset("([{\\?}])")
# How a blank inside a word is written, as blanks separate words.
_BLANK = {"glob": "?", "grain": "?", "pillar": "?"}
_BLANK |= dict.fromkeys(["pcre", "grain_pcre", "pillar_pcre"], r"\s")


def resolve(text: str, nodegroups: Nodegroups) -> str:
    """
    Replace each ``N@name`` of a compound target, also inside of nodegroups.

    Raises BadTarget with the name when a nodegroup is unknown, contains itself, or has no words.
    """
    if "N@" not in text:
        return text  # as it was typed, so that positions in error messages fit
    words = _expand(text.split(), nodegroups, ())
    resolved = " ".join(words)
    if len(resolved) > MAX_LENGTH:
        raise BadTarget(f"longer than {MAX_LENGTH} characters with its nodegroups")
    return resolved


def as_compound(tgt: str | Sequence[str], tgt_type: str) -> tuple[str | Sequence[str], str]:
    """
    Return target and type, of a nodegroup by name as a compound target; others as they came.

    Raises BadTarget for a name of several words: these would be a target of their own.
    """
    if tgt_type != "nodegroup" or not isinstance(tgt, str):
        return tgt, tgt_type
    if tgt.split() != [tgt]:
        raise BadTarget(f"{tgt!r:.80} is no name of a nodegroup")
    return f"N@{tgt}", "compound"


def _expand(words: Sequence[str], nodegroups: Nodegroups, inside: tuple[str, ...]) -> list[str]:
    expanded: list[str] = []
    length = 0
    for word in words:
        pattern = parse_word(word)
        if pattern.engine == "nodegroup":
            new = _definition(pattern.pattern, nodegroups, inside)
        else:
            new = [word]
        # Nested groups multiply: stop at the limit, not after having built it all.
        length += sum(map(len, new))
        if length > MAX_LENGTH:
            raise BadTarget(f"longer than {MAX_LENGTH} characters with its nodegroups")
        expanded += new
    return expanded


def _definition(name: str, nodegroups: Nodegroups, inside: tuple[str, ...]) -> list[str]:
    if name in inside:
        chain = " → ".join([*inside[inside.index(name) :], name])
        raise BadTarget(f"nodegroup {name} contains itself ({chain})")
    if name not in nodegroups:
        raise BadTarget(f"unknown nodegroup {name}{_near(name, nodegroups)}")
    value = nodegroups[name]
    if not isinstance(value, str | list | tuple):
        raise BadTarget(f"nodegroup {name} is neither a text nor a list")
    words = value.split() if isinstance(value, str) else [str(word) for word in value]
    if not words:
        raise BadTarget(f"nodegroup {name} is empty")
    if _are_plain_names(words):
        sign = "E" if any(_REGEX_SIGNS & set(word) for word in words) else "L"
        return [f"{sign}@{','.join(words)}"]
    without_blanks = [_without_blanks(word, name) for word in words]
    return ["(", *_expand(without_blanks, nodegroups, (*inside, name)), ")"]


def _near(name: str, nodegroups: Nodegroups) -> str:
    """Name the nearest nodegroup, for who has mistyped it."""
    if not nodegroups:
        return ": the master's option nodegroups names none"
    if len(name) > _LONGEST_GUESS:
        return ""
    # Only here: no other target pays for it.
    from difflib import get_close_matches

    near = get_close_matches(name, list(islice(map(str, nodegroups), _MOST_GUESSES)), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _are_plain_names(words: list[str]) -> bool:
    """Tell whether a definition is a bare list of ids: no operator, star or letter in it."""
    return not any(
        word in OPERATORS or "*" in word or parse_word(word).engine != "glob" for word in words
    )


def _without_blanks(word: str, name: str) -> str:
    parts = word.split()
    if len(parts) <= 1 and parts == [word]:
        return word
    blank = _BLANK.get(parse_word(word).engine)
    if blank is None or not parts:
        raise BadTarget(f"nodegroup {name} has a word with blanks: {word!r}")
    return "".join(blank if sign.isspace() else sign for sign in word)
