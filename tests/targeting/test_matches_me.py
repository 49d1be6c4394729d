"""Tests of a minion's answer to "is it me?"."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import matches

ME = Facts("web1", {"os": "Debian", "a": {"b": "c"}, "ipv4": ["10.0.0.1"]}, {"role": "Front"})


class MatchesTests(SynchronousTestCase):
    def test_every_kind(self) -> None:
        """
        Each kind of target of the wire chooses me when it should, and not otherwise.
        """
        for tgt_type, yes, no in [
            ("glob", "web*", "db*"),
            ("pcre", "w.b", "eb"),
            ("list", "a,web1", "web"),
            ("list", ["a", "web1"], ["web"]),
            ("grain", "os:deb*", "os:cent*"),
            ("grain_pcre", "os:d.b", "os:ebian"),
            ("pillar", "role:f*", "role:b*"),
            ("pillar_pcre", "role:f.+t$", "role:ront"),
            ("pillar_exact", "role:front", "role:f*"),
            ("ipcidr", "10.0.0.0/24", "10.0.1.0/24"),
            ("compound", "web* and G@os:Debian", "web* not G@os:Debian"),
            ("compound", "G|@a|b|c and L@web1,web2", "N@web"),
            ("compound", ["web*", "and", "G@os:Debian"], ["web*", "web1"]),
            ("compound_pillar_exact", "I@role:front", "I@role:f*"),
        ]:
            self.assertTrue(matches(yes, tgt_type, ME), (tgt_type, yes))
            self.assertFalse(matches(no, tgt_type, ME), (tgt_type, no))

    def test_kinds_that_are_not_ours(self) -> None:
        """
        Kinds that nobody knows, or that need other services, choose nobody.
        """
        for tgt_type in ["range", "data", "cache", "nodegroup", "resource", "", "GLOB", None, 5]:
            self.assertFalse(matches("*", tgt_type, ME))

    def test_delimiter_counts_where_the_wire_says(self) -> None:
        """
        The publication's delimiter is for grain, grain_pcre and pillar alone.
        """
        self.assertTrue(matches("a|b|c", "grain", ME, "|"))
        self.assertTrue(matches("role|front", "pillar", ME, "|"))
        self.assertFalse(matches("role|front", "pillar_pcre", ME, "|"))
        self.assertTrue(matches("role:front", "pillar_exact", ME, "|"))

    @given(
        st.text() | st.lists(st.text() | st.integers()) | st.integers() | st.none() | st.binary(),
        st.sampled_from(["glob", "pcre", "list", "grain", "ipcidr", "compound", "grain_pcre"]),
        st.text(max_size=2),
    )
    def test_garbage_never_raises(self, tgt: object, tgt_type: str, delimiter: str) -> None:
        """
        Whatever a publication holds as its target, the answer is yes or no.
        """
        self.assertIsInstance(matches(tgt, tgt_type, ME, delimiter), bool)  # type: ignore[arg-type]
