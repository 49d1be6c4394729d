"""
Virtual minions: an id, a few facts, a key pair, and a session once signed in.
"""

from collections.abc import Iterable

from attrs import define, field

from txsalt.errors import BadTarget
from txsalt.protocol import sealed_request, sign_in
from txsalt.swarm.keyring import Pair
from txsalt.targeting.expression import Node, evaluate
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import COMPOUNDS, match_leaf, matches, usable_compound
from txsalt.wire.crypticle import Crypticle
from txsalt.wire.job_loads import Publication

_SYSTEMS = ("Debian", "Rocky", "Ubuntu", "Arch")
_ROLES = ("web", "db")


@define(eq=False)
class Minion:
    """One virtual minion; ``session`` is None until it has signed in."""

    facts: Facts
    pair: Pair = field(repr=False)
    session: sealed_request.Session | None = None

    @property
    def identity(self) -> sign_in.Identity:
        """Who signs in."""
        return sign_in.Identity(minion_id=self.facts.id, key=self.pair.key)

    def take(self, signed_in: sign_in.SignedIn) -> None:
        """Use the keys of a sign-in."""
        self.session = sealed_request.Session(
            minion_id=self.facts.id,
            key=self.pair.key,
            tok=self.pair.tok,
            crypticle=Crypticle(signed_in.session),
            master_key=signed_in.master_key,
        )


def make(prefix: str, count: int, pairs: list[Pair]) -> list[Minion]:
    """Return ``count`` minions, named by the prefix and a number; pairs are dealt out in turn."""
    width = len(str(count - 1))
    return [
        Minion(facts(f"{prefix}{number:0{width}}", number), pairs[number % len(pairs)])
        for number in range(count)
    ]


def facts(minion_id: str, number: int) -> Facts:
    """Return the facts of minion ``number``: what targets can choose by."""
    grains = {
        "id": minion_id,
        "kernel": "Linux",
        "os": _SYSTEMS[number % len(_SYSTEMS)],
        "role": _ROLES[number % len(_ROLES)],
        "swarm": {"number": number},
    }
    return Facts(minion_id, grains, {})


def chosen(publication: Publication, minions: Iterable[Minion]) -> list[Minion]:
    """Return the minions that a publication is for; each is judged as a real one judges itself."""
    tgt, kind = publication.tgt, publication.tgt_type
    if kind == "list":
        names = set(tgt.split(",") if isinstance(tgt, str) else tgt)
        return [minion for minion in minions if minion.facts.id in names]
    if kind in COMPOUNDS:
        try:
            node = usable_compound(tgt, kind)  # parsed once for all
            return [minion for minion in minions if _meant(node, kind, minion.facts)]
        except BadTarget:
            return []
    return [minion for minion in minions if matches(tgt, kind, minion.facts, publication.delimiter)]


def _meant(node: Node, kind: str, of: Facts) -> bool:
    return evaluate(node, lambda leaf: match_leaf(leaf, of, kind)) is True
