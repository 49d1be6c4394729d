"""
Foresee on the master which minions a target chooses.

The minions decide for themselves; this is whom the master, and who asked, waits for. A minion
whose facts are not known may match, so it counts as expected ("greedy").

Source: PROTOCOL.md 10.3, 11.4.
"""

from collections.abc import Callable, Iterable, Sequence

from attrs import Factory, frozen

from txsalt.errors import BadTarget
from txsalt.targeting.expression import Pattern, evaluate
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import (
    BY_FACTS,
    BY_ID,
    COMPOUNDS,
    check_pattern,
    match_leaf,
    matches,
    usable_compound,
)
from txsalt.targeting.nodegroups import Nodegroups, resolve

FactsOf = Callable[[str], Facts | None]


@frozen
class Expansion:
    """
    Whom a target means.

    ``minions`` are the expected ids, in the order of the known ids; ``missing`` are ids that a
    list names and nobody knows; ``problem`` says why a target that is malformed means nobody.
    """

    minions: list[str] = Factory(list)
    missing: list[str] = Factory(list)
    problem: str = ""


def expected(
    tgt: str | Sequence[str],
    tgt_type: str,
    ids: Iterable[str],
    facts_of: FactsOf,
    nodegroups: Nodegroups,
    delimiter: str = ":",
) -> Expansion:
    """
    Return whom of the known ``ids`` a target means.

    ``facts_of`` answers None for a minion whose facts are not known. It is asked only when the
    target needs facts. Never raises for a bad target: see ``Expansion.problem``.
    """
    if tgt_type == "list":
        return _listed(tgt, list(ids))
    if tgt_type == "nodegroup" and isinstance(tgt, str):
        tgt, tgt_type = f"N@{tgt}", "compound"
    try:
        if tgt_type in COMPOUNDS:
            return _compound(tgt, tgt_type, ids, facts_of, nodegroups)
        if not isinstance(tgt, str) or tgt_type not in BY_ID | BY_FACTS:
            return Expansion(problem=f"unknown kind of target: {tgt_type!r}")
        check_pattern(tgt_type, tgt)
    except BadTarget as exc:
        return Expansion(problem=str(exc))

    def facts_for(id: str) -> Facts | None:
        return Facts(id) if tgt_type in BY_ID else facts_of(id)

    return Expansion(
        [
            id
            for id in ids
            if (facts := facts_for(id)) is None or matches(tgt, tgt_type, facts, delimiter)
        ]
    )


def _listed(tgt: str | Sequence[str], ids: list[str]) -> Expansion:
    if not isinstance(tgt, str | list | tuple):
        return Expansion(problem="bad target: neither a text nor a list of ids")
    names = tgt.split(",") if isinstance(tgt, str) else [name for name in tgt if _is_text(name)]
    wanted = dict.fromkeys(name for name in names if name)
    known = set(ids)
    return Expansion(
        minions=[id for id in ids if id in wanted],
        missing=[name for name in wanted if name not in known],
    )


def _is_text(name: object) -> bool:
    return isinstance(name, str)


def _compound(
    tgt: str | Sequence[str],
    tgt_type: str,
    ids: Iterable[str],
    facts_of: FactsOf,
    nodegroups: Nodegroups,
) -> Expansion:
    node = usable_compound(resolve(tgt, nodegroups) if isinstance(tgt, str) else tgt, tgt_type)

    def is_meant(id: str) -> bool:
        known: list[Facts | None] = []

        def leaf(pattern: Pattern) -> bool | None:
            if pattern.engine in BY_ID:
                return match_leaf(pattern, Facts(id), tgt_type)
            if not known:
                known.append(facts_of(id))
            return None if known[0] is None else match_leaf(pattern, known[0], tgt_type)

        try:
            # None: it depends on facts that nobody has here.
            return evaluate(node, leaf) is not False
        except BadTarget:
            return False

    return Expansion([id for id in ids if is_meant(id)])
