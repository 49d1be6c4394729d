"""Tests of the entries of facts that targets look at."""

import resource
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.master.test_store import StoreCase
from tests.pace import least_seconds
from tests.targeting.test_expand import expressions, maps
from txsalt.master.store import database, projections
from txsalt.master.store.fact_entries import BUCKETS
from txsalt.master.store.facts import FactsStore
from txsalt.master.store.identities import forget
from txsalt.targeting import needs
from txsalt.targeting.expand import expected
from txsalt.targeting.facts import FactsOfMany
from txsalt.targeting.needs import EVERYTHING, Needs
from txsalt.wire import serial

OS = Needs(grains=frozenset(["os"]))


class FewFactsTests(StoreCase):
    def setUp(self) -> None:
        super().setUp()
        self.facts = FactsStore(self.connection)

    def fill(self, count: int, **more: Any) -> None:
        """Save so many minions, each of one of three systems, in one transaction."""
        self.connection.execute("BEGIN")
        for number in range(count):
            packed = (serial.pack_bin({"os": f"OS{number % 3}", **more}), b"\x80")
            self.facts._write(f"m{number:05}", packed, 1)
        self.connection.execute("COMMIT")

    @settings(max_examples=60)
    @given(st.lists(st.tuples(maps, maps), min_size=1, max_size=4), expressions)
    def test_targets_mean_the_same(self, fleet: list[tuple[Any, Any]], tgt: str) -> None:
        """
        A target means the same minions, whether all facts are read or what it looks at.
        """
        ids = [f"m{number}" for number in range(len(fleet))]
        for minion_id, (grains, pillar) in zip(ids, fleet, strict=True):
            self.facts.save(minion_id, grains, pillar, 1)
        needed = needs.of_target(tgt, "compound", {})
        self.assertEqual(
            expected(tgt, "compound", ids, self.facts.lookup(needed), {}),
            expected(tgt, "compound", ids, self.facts.lookup(EVERYTHING), {}),
        )

    def test_what_is_equal_is_judged_once(self) -> None:
        """
        Thousands of minions with three systems cost the work of three.
        """
        self.fill(300)
        judged: list[dict[Any, Any]] = []
        facts_of = self.facts.lookup(OS)
        assert isinstance(facts_of, FactsOfMany)
        facts_of.judged("grains", "os", judged.append)
        self.assertEqual(sorted(each["os"] for each in judged), ["OS0", "OS1", "OS2"])

    def test_a_worker_that_has_just_begun(self) -> None:
        """
        What one worker stored another one finds at once: old facts and what changed.
        """
        self.fill(30)
        self.facts.lookup(OS)
        self.facts.save("m00001", {"os": "new"}, {}, 2)
        self.facts.save("m00002", {}, {}, 2)
        for facts in (self.facts, FactsStore(self.connect())):
            facts_of = facts.lookup(OS)
            found = [facts_of(each) for each in ("m00000", "m00001", "m00002")]
            self.assertEqual(
                [each and each.grains for each in found], [{"os": "OS0"}, {"os": "new"}, {}]
            )

    def test_a_deleted_minion_leaves_nothing(self) -> None:
        """
        Nothing of a minion whose key was deleted stays in the store, nor with a worker, and
        nothing of others goes.
        """
        self.fill(40)
        self.facts.lookup(OS)
        forget(self.connection, "m00001")
        self.assertIsNone(self.facts.lookup(OS)("m00001"))
        self.assertIsNone(FactsStore(self.connect()).lookup(OS)("m00001"))
        for table in ("facts", "packed_facts", "fact_entries"):
            self.assertEqual(self.count(table), 39, table)

    def test_few_rows_for_whatever_a_minion_sends(self) -> None:
        """
        A minion that sends very many grains gets a bounded number of rows, and all are found.
        """
        many = {f"g{number}": number for number in range(3 * BUCKETS)}
        self.facts.save("m1", many, {}, 1)
        self.facts.save("m2", {"g7": "x"}, {}, 1)
        self.assertLessEqual(self.count("fact_entries"), BUCKETS + 1)
        for name in ("g7", f"g{3 * BUCKETS - 1}"):
            found = self.facts.lookup(Needs(grains=frozenset([name])))("m1")
            self.assertEqual(found and found.grains, {name: many[name]})
        self.facts.save("m1", {}, {}, 2)
        self.assertEqual(self.count("fact_entries"), 1)

    def test_many_names(self) -> None:
        """
        Who asks for ever new names does not fill the memory.
        """
        self.fill(500, big="x" * 100)
        for number in range(100):
            self.facts.lookup(Needs(grains=frozenset([f"name{number}"])))
        kept = self.facts._grains._kept.values()
        self.assertLessEqual(sum(each.size for each in kept), projections.BUDGET)
        self.assertLess(len(kept), 100)

    def test_a_store_of_an_early_version(self) -> None:
        """
        Facts that were stored without entries are fetched anew; until then minions are expected.
        """
        self.connection.execute("DROP TABLE facts")
        self.connection.execute("CREATE TABLE facts (id TEXT, grains BLOB)")
        self.connection.execute("INSERT INTO facts VALUES ('m1', x'80')")
        database.prepare(self.path)
        facts = FactsStore(self.connect())
        self.assertEqual(expected("os:x", "grain", ["m1"], facts.lookup(OS), {}).minions, ["m1"])
        self.assertTrue(facts.save("m1", {"os": "y"}, {}, 1))
        self.assertEqual(expected("os:x", "grain", ["m1"], facts.lookup(OS), {}).minions, [])

    def count(self, table: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def test_ten_thousand(self) -> None:
        """
        Looking at a grain of ten thousand takes a fraction of a second, and memory grows by
        megabytes.
        """
        self.fill(10_000, filling=["x" * 50] * 40)
        ids = [f"m{number:05}" for number in range(10_000)]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for tgt, tgt_type in (
            ("os:OS1", "grain"),
            ("os:OS[12]", "grain_pcre"),
            ("G@os:OS1 and not m0*", "compound"),
            ("10.0.0.0/8", "ipcidr"),
        ):

            def look(tgt: str = tgt, tgt_type: str = tgt_type) -> None:
                for _ in range(3):
                    facts_of = self.facts.lookup(needs.of_target(tgt, tgt_type, {}))
                    expected(tgt, tgt_type, ids, facts_of, {})

            self.assertLess(least_seconds(look, 1.0), 1.0, tgt)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown, 60 * 1024)  # KiB; all of it unpacked would be hundreds
