"""Tests of what a target looks at."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.targeting.test_expand import expressions, facts, paths
from txsalt.targeting import needs
from txsalt.targeting.expand import expected
from txsalt.targeting.facts import Facts
from txsalt.targeting.needs import EVERYTHING, NOTHING, Needs
from txsalt.targeting.paths import keys_of


def only(data: dict[Any, Any], names: frozenset[str] | None) -> dict[Any, Any]:
    """Return the entries of these names; all for None."""
    if names is None:
        return data
    keys = {key for name in names for key in keys_of(name)}
    return {key: value for key, value in data.items() if key in keys}


def seen(whole: Facts, needed: Needs) -> Facts:
    """Return the facts that are needed."""
    return Facts(whole.id, only(whole.grains, needed.grains), only(whole.pillar, needed.pillar))


class NeedsTests(SynchronousTestCase):
    def test_of_each_kind(self) -> None:
        """
        Paths and addresses name one entry, ids none; a star at the front may mean any.
        """
        for tgt, tgt_type, expected_needs in (
            ("os:Debian", "grain", Needs(frozenset({"os"}))),
            ("os|x:y|z", "grain", Needs(frozenset({"os"}))),
            ("a:b", "pillar_exact", Needs(pillar=frozenset({"a"}))),
            ("*:x", "grain_pcre", Needs(None)),
            ("10.0.0.0/8", "ipcidr", Needs(frozenset({"ipv4"}))),
            ("fd00::1", "ipcidr", Needs(frozenset({"ipv6"}))),
            ("10.0.0.1/8", "ipcidr", NOTHING),
            ("web*", "glob", NOTHING),
            (["a", "b"], "list", NOTHING),
            ("a* and G@a:x or I@b:y", "compound", Needs(frozenset({"a"}), frozenset({"b"}))),
            ("N@group", "compound", Needs(frozenset({"os"}))),
            ("group", "nodegroup", Needs(frozenset({"os"}))),
            ("J@*:x and G@*", "compound", EVERYTHING),
            ("not (", "compound", NOTHING),
        ):  # fmt: skip
            delimiter = "|" if "|" in tgt else ":"
            found = needs.of_target(tgt, tgt_type, {"group": "G@os:x"}, delimiter)
            self.assertEqual(found, expected_needs, tgt)

    @given(facts, expressions)
    def test_compound_looks_at_nothing_else(self, facts: Facts, tgt: str) -> None:
        """
        With what is needed, and no more, the master expects the same minions.
        """
        some = seen(facts, needs.of_target(tgt, "compound", {}))
        self.assertEqual(
            expected(tgt, "compound", [facts.id], lambda id: some, {}),
            expected(tgt, "compound", [facts.id], lambda id: facts, {}),
        )

    @given(
        facts,
        st.sampled_from(["grain", "grain_pcre", "pillar", "pillar_pcre", "pillar_exact", "ipcidr"]),
        paths,
        st.sampled_from([":", "|"]),
    )
    def test_paths_look_at_nothing_else(
        self, facts: Facts, tgt_type: str, path: list[str], delimiter: str
    ) -> None:
        """
        The same for simple targets, with either delimiter.
        """
        tgt = delimiter.join(path)
        some = seen(facts, needs.of_target(tgt, tgt_type, {}, delimiter))
        self.assertEqual(
            expected(tgt, tgt_type, [facts.id], lambda id: some, {}, delimiter),
            expected(tgt, tgt_type, [facts.id], lambda id: facts, {}, delimiter),
        )
