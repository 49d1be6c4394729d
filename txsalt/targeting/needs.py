"""
Tell what a target looks at, so that the master need not have all facts of all minions at hand.

A path such as ``os:Debian`` looks at one entry of the grains; with no more than that entry the
answer is the same.
"""

from collections.abc import Iterable, Sequence

from attrs import frozen

from txsalt.errors import BadTarget
from txsalt.targeting.expression import Pattern, leaves
from txsalt.targeting.matches_me import (
    BY_FACTS,
    COMPOUNDS,
    WITH_DELIMITER,
    looks_at,
    usable_compound,
)
from txsalt.targeting.nodegroups import Nodegroups, as_compound, resolve

_NONE: frozenset[str] = frozenset()


@frozen
class Needs:
    """
    Names of entries of the grains and of the pillar; None: any of them.

    A name stands for each key that ``paths.keys_of`` gives for it.
    """

    grains: frozenset[str] | None = _NONE
    pillar: frozenset[str] | None = _NONE


NOTHING = Needs()
EVERYTHING = Needs(None, None)


def of_target(
    tgt: str | Sequence[str], tgt_type: str, nodegroups: Nodegroups, delimiter: str = ":"
) -> Needs:
    """Return what ``expand.expected`` looks at for this target; nothing for a malformed one."""
    try:
        tgt, tgt_type = as_compound(tgt, tgt_type)
        if tgt_type in COMPOUNDS:
            node = usable_compound(
                resolve(tgt, nodegroups) if isinstance(tgt, str) else tgt, tgt_type
            )
            return of_leaves(leaves(node))
        if tgt_type not in BY_FACTS or not isinstance(tgt, str):
            return NOTHING
        return _of(Pattern(tgt_type, tgt, delimiter if tgt_type in WITH_DELIMITER else ":"))
    except BadTarget:
        return NOTHING


def of_leaves(patterns: Iterable[Pattern]) -> Needs:
    """Return what the words of a compound target look at.  Raises BadTarget for a bad network."""
    return _joined([_of(each) for each in patterns])


def _of(leaf: Pattern) -> Needs:
    if leaf.engine not in BY_FACTS:
        return NOTHING
    source, name = looks_at(leaf)
    names = None if name is None else frozenset([name])
    return Needs(grains=names) if source == "grains" else Needs(pillar=names)


def _joined(several: Sequence[Needs]) -> Needs:
    return Needs(
        _union([each.grains for each in several]), _union([each.pillar for each in several])
    )


def _union(several: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    names: set[str] = set()
    for each in several:
        if each is None:
            return None
        names |= each
    return frozenset(names)
