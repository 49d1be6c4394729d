"""Tests of the entries of facts that targets look at."""

import resource
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.master.test_store import StoreCase
from tests.targeting.test_expand import expressions, maps
from txsalt.master.store import projections
from txsalt.master.store.facts import FactsStore
from txsalt.master.store.identities import forget
from txsalt.targeting import needs
from txsalt.targeting.expand import expected
from txsalt.targeting.needs import EVERYTHING, Needs
from txsalt.wire import serial

OS = Needs(grains=frozenset(["os"]))
MANY = projections.WORTH_STORING


class FewFactsTests(StoreCase):
    def setUp(self) -> None:
        super().setUp()
        self.facts = FactsStore(self.connection)

    def fill(self, count: int, **more: Any) -> None:
        """Save so many minions, each of one of three systems."""
        self.connection.execute("BEGIN")
        for number in range(count):
            packed = serial.pack_bin({"os": f"OS{number % 3}", **more})
            self.connection.execute(
                "INSERT OR REPLACE INTO facts VALUES (?, 1, ?, ?, ?)",
                (f"m{number:05}", number + 1, packed, b"\x80"),
            )
        self.connection.execute("UPDATE counters SET value = ? WHERE name = 'facts'", (count,))
        self.connection.execute("COMMIT")

    def stored(self) -> list[str]:
        return [name for (name,) in self.connection.execute("SELECT name FROM projections")]

    @settings(max_examples=60, deadline=None)
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

    def test_what_is_equal_is_one_object(self) -> None:
        """
        Thousands of minions with three systems cost the memory of three.
        """
        self.fill(300)
        facts_of = self.facts.lookup(OS)
        self.assertEqual(len({id(facts_of(f"m{number:05}")) for number in range(300)}), 3)

    def test_kept_for_the_next_worker(self) -> None:
        """
        A worker that has just begun takes over what another one has found out, and what changed.
        """
        self.fill(MANY)
        self.facts.lookup(OS)
        self.assertEqual(self.stored(), ["os"])
        self.facts.save("m00001", {"os": "new"}, {}, 2)
        facts_of = FactsStore(self.connect()).lookup(OS)
        found = [facts_of(each) for each in ("m00000", "m00001")]
        self.assertEqual([each and each.grains for each in found], [{"os": "OS0"}, {"os": "new"}])

    def test_a_deleted_minion_leaves_nothing(self) -> None:
        """
        Nothing of a minion whose key was deleted stays in the store, nor with a worker.
        """
        self.fill(MANY)
        self.facts.lookup(OS)
        forget(self.connection, "m00001")
        self.assertEqual(self.stored(), [])
        self.assertIsNone(self.facts.lookup(OS)("m00001"))
        self.assertIsNone(FactsStore(self.connect()).lookup(OS)("m00001"))

    def test_stored_before_a_deletion(self) -> None:
        """
        What was stored while a key was being deleted does not bring the minion back.
        """
        self.fill(MANY)
        self.facts.lookup(OS)
        row = self.connection.execute("SELECT * FROM projections").fetchone()
        forget(self.connection, "m00001")
        self.connection.execute("INSERT INTO projections VALUES (?, ?, ?, ?, ?)", row)
        self.assertIsNone(FactsStore(self.connect()).lookup(OS)("m00001"))

    def test_many_names(self) -> None:
        """
        Who asks for ever new names fills neither memory nor disk.
        """
        self.fill(MANY, big="x" * 100)
        for number in range(projections.MOST_STORED + 30):
            self.facts.lookup(Needs(grains=frozenset([f"name{number}"])))
        self.assertEqual(len(self.stored()), projections.MOST_STORED)
        kept = self.facts._grains._kept.values()
        self.assertLessEqual(sum(each.size for each in kept), projections.BUDGET)
        self.assertLess(len(kept), projections.MOST_STORED + 30)

    def test_ten_thousand(self) -> None:
        """
        The first look at a grain of ten thousand takes no second, a second look much less, and
        memory grows by megabytes.
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
            began = time.process_time()
            for _ in range(3):
                facts_of = self.facts.lookup(needs.of_target(tgt, tgt_type, {}))
                expected(tgt, tgt_type, ids, facts_of, {})
            self.assertLess(time.process_time() - began, 3.0, tgt)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown, 60 * 1024)  # KiB; all of it unpacked would be hundreds
