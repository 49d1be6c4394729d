"""
Foresee on the master which minions a target chooses.

The minions decide for themselves; this is whom the master, and who asked, waits for. A minion
whose facts are not known may match, so it counts as expected ("greedy").

Source: PROTOCOL.md 10.3, 11.4.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import Factory, frozen

from txsalt.errors import BadTarget
from txsalt.targeting import matchers
from txsalt.targeting.expression import Node, Not, Pattern, evaluate, leaves
from txsalt.targeting.facts import FactsOf, FactsOfMany
from txsalt.targeting.matches_me import (
    BY_FACTS,
    BY_ID,
    COMPOUNDS,
    WITH_DELIMITER,
    check_pattern,
    check_regex,
    leaf_matcher,
    looks_at,
    usable_compound,
)
from txsalt.targeting.nodegroups import Nodegroups, as_compound, resolve


@frozen
class Expansion:
    """
    Whom a target means.

    ``minions`` are the expected ids, in the order of the known ids; ``missing`` are ids that a
    list names and nobody knows; ``problem`` says why a target that is malformed, or takes too
    long to match, means nobody.
    """

    minions: list[str] = Factory(list)
    missing: list[str] = Factory(list)
    problem: str = ""


_WILD = frozenset("*?[")


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
    try:
        tgt, tgt_type = as_compound(tgt, tgt_type)
        node = _read(tgt, tgt_type, nodegroups, delimiter)
    except BadTarget as exc:
        return Expansion(problem=str(exc))
    if node is None:
        return Expansion(problem=f"unknown kind of target: {tgt_type!r}")
    if tgt_type == "glob" and isinstance(tgt, str) and not _WILD.intersection(tgt):
        return Expansion([tgt] if tgt in ids else [])
    refusals: list[BadTarget] = []
    minions = list(filter(_decision(node, tgt_type, facts_of, refusals), ids))
    return Expansion(minions, problem="" if minions else _problem(node, tgt_type, refusals))


def undecided(
    tgt: str | Sequence[str],
    tgt_type: str,
    ids: Iterable[str],
    nodegroups: Nodegroups,
    delimiter: str = ":",
) -> list[str]:
    """
    Return those of ``ids`` whose facts decide whether a target means them: the id alone does not.

    Of them a minion without known facts is a guess of ``expected``. None for a malformed target.
    """
    try:
        tgt, tgt_type = as_compound(tgt, tgt_type)
        node = None if tgt_type == "list" else _read(tgt, tgt_type, nodegroups, delimiter)
    except BadTarget:
        node = None
    if node is None:
        return []
    may = _decision(node, tgt_type, _unknown, [])
    may_not = _decision(Not(node), tgt_type, _unknown, [])
    return [each for each in ids if may(each) and may_not(each)]


def _unknown(_: str) -> None:
    return None


def _problem(node: Node, tgt_type: str, refusals: list[BadTarget]) -> str:
    """Say what is wrong with a target that can be read and means nobody; "" for nothing."""
    if refusals:
        return str(refusals[0])
    for leaf in leaves(node):
        try:
            check_regex(leaf, tgt_type)
        except BadTarget as exc:
            return str(BadTarget(exc.reason, leaf.position))
    return ""


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


def _read(
    tgt: str | Sequence[str], tgt_type: str, nodegroups: Nodegroups, delimiter: str
) -> Node | None:
    if tgt_type in COMPOUNDS:
        return usable_compound(resolve(tgt, nodegroups) if isinstance(tgt, str) else tgt, tgt_type)
    if not isinstance(tgt, str) or tgt_type not in BY_ID | BY_FACTS:
        return None
    check_pattern(tgt_type, tgt)
    return Pattern(tgt_type, tgt, delimiter if tgt_type in WITH_DELIMITER else ":")


def _decision(
    node: Node, tgt_type: str, facts_of: FactsOf, refusals: list[BadTarget]
) -> Callable[[str], bool]:
    """
    Return what tells of an id whether it is meant, or may be: facts that nobody has here.

    The first refusal to match a pattern is added to ``refusals``.
    """
    decide = {id(each): _of_leaf(each, tgt_type, facts_of) for each in leaves(node)}
    only = decide[id(node)] if isinstance(node, Pattern) else None
    minion_id = ""

    def leaf(pattern: Pattern) -> bool | None:
        return decide[id(pattern)](minion_id)

    def is_meant(asked: str) -> bool:
        nonlocal minion_id
        minion_id = asked
        try:
            return (evaluate(node, leaf) if only is None else only(asked)) is not False
        except BadTarget as exc:
            if not refusals:
                refusals.append(BadTarget(exc.reason, exc.position))
            return False

    return is_meant


def _of_leaf(leaf: Pattern, tgt_type: str, facts_of: FactsOf) -> Callable[[str], bool | None]:
    if leaf.engine in BY_ID:
        return matchers.id_matcher(leaf.engine, leaf.pattern)
    match = leaf_matcher(leaf, tgt_type)

    def answer(data: dict[Any, Any]) -> bool | BadTarget:
        try:
            return match(data)
        except BadTarget as exc:
            return exc

    told = _told(leaf, facts_of, answer)

    def decide(minion_id: str) -> bool | None:
        found = told(minion_id)
        if isinstance(found, BadTarget):
            # One that is raised again would keep the frames of each time.
            raise BadTarget(found.reason, leaf.position)
        return found

    return decide


def _told(
    leaf: Pattern, facts_of: FactsOf, answer: Callable[[dict[Any, Any]], bool | BadTarget]
) -> Callable[[str], bool | BadTarget | None]:
    source, name = looks_at(leaf)
    if name is not None and isinstance(facts_of, FactsOfMany):
        # What a thousand minions have in common is matched once, also if it is too costly.
        return facts_of.judged(source, name, answer)

    def told(minion_id: str) -> bool | BadTarget | None:
        facts = facts_of(minion_id)
        if facts is None:
            return None
        return answer(facts.grains if source == "grains" else facts.pillar)

    return told
