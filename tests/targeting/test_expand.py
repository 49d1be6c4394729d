"""Tests of whom the master expects, and that minions agree."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.targeting.expand import Expansion, expected, undecided
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import matches

FLEET = {
    "web1": Facts("web1", {"os": "Debian", "ipv4": ["10.0.0.1"]}, {"role": "front"}),
    "web2": Facts("web2", {"os": "CentOS"}, {"role": "back"}),
    "db1": Facts("db1", {"os": "Debian"}),
}
IDS = [*FLEET, "new1"]  # nothing is known of new1 yet


def asked(tgt: str | list[str], tgt_type: str, delimiter: str = ":") -> list[str]:
    return expected(
        tgt, tgt_type, IDS, FLEET.get, {"front": "web* and G@os:Debian"}, delimiter
    ).minions


class ExpectedTests(SynchronousTestCase):
    def test_targets_by_id(self) -> None:
        """
        Ids alone decide, so minions whose facts are not known are not guessed.
        """
        self.assertEqual(asked("*", "glob"), IDS)
        self.assertEqual(asked("web*", "glob"), ["web1", "web2"])
        self.assertEqual(asked("(web|new)1", "pcre"), ["web1", "new1"])

    def test_targets_by_facts_are_greedy(self) -> None:
        """
        A minion whose facts are not known may match, and is waited for.
        """
        self.assertEqual(asked("os:Debian", "grain"), ["web1", "db1", "new1"])
        self.assertEqual(asked("role|front", "pillar", "|"), ["web1", "new1"])
        self.assertEqual(asked("10.0.0.0/8", "ipcidr"), ["web1", "new1"])

    def test_compound_is_greedy_only_where_facts_decide(self) -> None:
        """
        With the id alone deciding, an unknown minion is not waited for.
        """
        self.assertEqual(asked("web* and G@os:Debian", "compound"), ["web1"])
        self.assertEqual(asked("*1 not G@os:Debian", "compound"), ["new1"])
        self.assertEqual(asked("db1 or G@os:CentOS", "compound"), ["web2", "db1", "new1"])

    def test_list_names_who_is_not_known(self) -> None:
        """
        A list may name minions that do not exist; they are reported once.
        """
        for tgt in ["db1,ghost,web1,ghost", ["db1", "ghost", "web1", "ghost"]]:
            self.assertEqual(
                expected(tgt, "list", IDS, FLEET.get, {}), Expansion(["web1", "db1"], ["ghost"])
            )

    def test_nodegroups(self) -> None:
        """
        Nodegroups are known by their own kind of target and inside compound ones.
        """
        self.assertEqual(asked("front", "nodegroup"), ["web1"])
        self.assertEqual(asked("N@front or db1", "compound"), ["web1", "db1"])

    def test_bad_targets_mean_nobody_and_say_why(self) -> None:
        """
        A malformed target chooses nobody, and the reason can be shown.
        """
        for tgt, tgt_type in [
            ("web* db*", "compound"),
            ("not E@(", "compound"),
            ("not R@x", "compound"),
            ("not S@10.0.0.1/8", "compound"),
            ("N@none", "compound"),
            ("none", "nodegroup"),
            ("(", "pcre"),
            ("10.0.0.1/8", "ipcidr"),
            ("*", "strange"),
            (5, "glob"),
            (5, "list"),
            (5, "compound"),
            ("a" * 5000, "glob"),
        ]:
            expansion = expected(tgt, tgt_type, IDS, FLEET.get, {})
            self.assertEqual((expansion.minions, expansion.missing), ([], []), tgt)
            self.assertTrue(expansion.problem, tgt)
            self.assertFalse(matches(tgt, tgt_type, FLEET["web1"]), tgt)

    def test_regular_expressions_on_facts_that_mean_nobody_say_why(self) -> None:
        """
        A wrong or stalling expression on a grain is told, and where it stands.
        """
        for tgt, tgt_type, problem in [
            ("os:(Deb", "grain_pcre", "not a regular expression"),
            ("role:(fr", "pillar_pcre", "not a regular expression"),
            ("os:(D+)+ebian", "grain_pcre", "an endless repeat (at character 1)"),
            ("web1 and J@role:(f+)+r", "compound", "an endless repeat (at character 10)"),
            ("db* and P|@os|(Deb", "compound", "at position 0 (at character 9)"),
        ]:
            expansion = expected(tgt, tgt_type, list(FLEET), FLEET.get, {})
            self.assertEqual(expansion.minions, [])
            self.assertIn(problem, expansion.problem, tgt)

    def test_sound_expressions_that_mean_nobody_have_no_problem(self) -> None:
        """
        Also one whose groups hold the delimiter of the path.
        """
        for tgt in ["os:(?:Arch|Gentoo)", "os:Arch", "nothing:a:b", "os"]:
            expansion = expected(tgt, "grain_pcre", list(FLEET), FLEET.get, {})
            self.assertEqual(expansion, Expansion(), tgt)
        delimited = expected("os|(?:x)", "grain_pcre", list(FLEET), FLEET.get, {}, "|")
        self.assertEqual(delimited, Expansion())

    def test_a_minion_that_costs_too_much_is_not_chosen_by_not(self) -> None:
        """
        ``not`` before a pattern that cannot be worked out does not choose that minion.
        """
        heavy = Facts("heavy", {"os": "a" * 70000})
        for tgt in ["not G@os:b", "not P@os:(a+)+"]:
            self.assertFalse(matches(tgt, "compound", heavy))
            self.assertEqual(expected(tgt, "compound", ["heavy"], lambda id: heavy, {}).minions, [])


keys = st.sampled_from(["a", "b", "1", "os"])
values = st.recursive(
    st.sampled_from(["x", "Y", "a:b", 1, True, None, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
maps = st.dictionaries(keys, values, max_size=4)
facts = st.builds(Facts, st.sampled_from(["a", "ab", "b1"]), maps, maps)
paths = st.lists(st.sampled_from(["a", "b", "1", "os", "*", "x", "y", "?"]), min_size=1, max_size=4)
patterns = st.one_of(
    st.sampled_from(["a*", "*", "E@a.?", "E@(", "L@a,b1", "S@10.0.0.0/8", "R@x", "b1"]),
    st.builds(lambda sign, path: f"{sign}@" + ":".join(path), st.sampled_from("GPIJ"), paths),
    st.builds(lambda path: "G|@" + "|".join(path), paths),
)
expressions = st.recursive(
    patterns,
    lambda inner: st.one_of(
        st.builds("{} and {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("( {} ) not ( {} )".format, inner, inner),
        st.builds("not ( {} )".format, inner),
    ),
    max_leaves=5,
)


class UndecidedTests(SynchronousTestCase):
    def test_what_ids_do_not_say(self) -> None:
        """
        Facts matter where the id alone does not tell whether the target means a minion.
        """
        groups = {"front": "web* and G@os:Debian"}
        for tgt, tgt_type, expected_ids in (
            ("*", "glob", []),
            ("web1,new1", "list", []),
            ("w.*", "pcre", []),
            ("os:Debian", "grain", IDS),
            ("10.0.0.0/8", "ipcidr", IDS),
            ("web* and G@os:Debian", "compound", ["web1", "web2"]),
            ("web* or not I@role:front", "compound", ["db1", "new1"]),
            ("web* and E@.*1", "compound", []),
            ("front", "nodegroup", ["web1", "web2"]),
            ("( web*", "compound", []),
            ("x", "no such kind", []),
        ):
            self.assertEqual(undecided(tgt, tgt_type, IDS, groups), expected_ids, tgt)


class AgreementTests(SynchronousTestCase):
    @given(facts, expressions)
    def test_master_and_minion_agree_on_compound_targets(self, facts: Facts, tgt: str) -> None:
        """
        Whom the master expects from known facts is who answers.
        """
        minions = expected(tgt, "compound", [facts.id], lambda id: facts, {}).minions
        self.assertEqual(minions == [facts.id], matches(tgt, "compound", facts))

    @given(
        facts,
        st.sampled_from(["grain", "grain_pcre", "pillar", "pillar_pcre", "pillar_exact", "list"]),
        paths,
        st.sampled_from([":", "|"]),
    )
    def test_master_and_minion_agree_on_paths(
        self, facts: Facts, tgt_type: str, path: list[str], delimiter: str
    ) -> None:
        """
        The same for simple targets, with either delimiter.
        """
        tgt = delimiter.join(path)
        minions = expected(tgt, tgt_type, [facts.id], lambda id: facts, {}, delimiter).minions
        self.assertEqual(minions == [facts.id], matches(tgt, tgt_type, facts, delimiter))

    @given(facts, expressions)
    def test_unknown_facts_never_hide_a_minion(self, facts: Facts, tgt: str) -> None:
        """
        Whoever matches is expected, also when the master knows nothing of it.
        """
        if matches(tgt, "compound", facts):
            minions = expected(tgt, "compound", [facts.id], lambda id: None, {}).minions
            self.assertEqual(minions, [facts.id])
