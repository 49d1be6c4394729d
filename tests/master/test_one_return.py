"""Tests of reading one return."""

import os

from tests.master.test_store import StoreCase, a_return
from txsalt.master.store import one_return
from txsalt.master.store.jobs import Jobs


class ReadTests(StoreCase):
    def setUp(self) -> None:
        super().setUp()
        self.cachedir = os.path.dirname(os.path.dirname(self.path))

    def test_whole(self) -> None:
        """
        A return too large for the event bus is read as it was stored.
        """
        large = a_return("m1", "1", **{"return": "x" * 2_000_000})
        Jobs(self.connection).save_return(large, 1.0)
        found = one_return.read(self.cachedir, "1", "m1")
        assert found is not None
        self.assertEqual(len(found["return"]), 2_000_000)

    def test_none(self) -> None:
        """
        There is none of another minion or job, and none without a store.
        """
        Jobs(self.connection).save_return(a_return("m1", "1"), 1.0)
        self.assertIsNone(one_return.read(self.cachedir, "1", "m2"))
        self.assertIsNone(one_return.read(self.cachedir, "2", "m1"))
        self.assertIsNone(one_return.read(f"{self.cachedir}/nowhere", "1", "m1"))
