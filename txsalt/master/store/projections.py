"""
One entry of the grains, or of the pillar, of all minions, as a worker keeps it.

All facts of ten thousand minions are 300 MB of Python objects in each worker, and a target looks
at one entry of each. The entries are read when the first target asks for them, and kept packed,
within a budget. Two counters in the database tell what another worker has changed since.
"""

import sqlite3
import sys

from attrs import define, field

from txsalt.master.store import fact_entries

BUDGET = 4 * 1024 * 1024  # bytes that a worker keeps of one source; the last one asked for stays

Counters = dict[str, int]


@define(kw_only=True)
class Projection:
    """Packed maps with at most the entry of one name, by minion id; equal ones are one object."""

    name: str
    packed: dict[str, bytes] = field(factory=dict)
    change: int = -1  # of the counter "facts"
    forgotten: int = -1  # of the counter of that name
    size: int = 0  # bytes, roughly


class Projections:
    """The entries of one source of the facts, through one connection."""

    def __init__(self, connection: sqlite3.Connection, source: str) -> None:
        """``source`` is "grains" or "pillar"."""
        self._connection = connection
        self._source = source
        self._kept: dict[str, Projection] = {}  # the last one asked for is the last one here

    def of(self, name: str, counters: Counters) -> dict[str, bytes]:
        """
        Return a packed map for each minion that has facts, empty where it has no such entry.

        ``counters`` are those of the database, read just before.
        """
        found = self._kept.pop(name, None) or Projection(name=name)
        self._kept[name] = found
        if found.forgotten != counters["forgotten"]:
            self._forget(found)
            found.forgotten = counters["forgotten"]
        if found.change < counters["facts"]:
            self._catch_up(found)
            found.change = counters["facts"]
        self._make_room()
        return found.packed

    def _catch_up(self, projection: Projection) -> None:
        packed = projection.packed
        same = {each: each for each in packed.values()}
        parts = fact_entries.changed(
            self._connection, self._source, projection.name, projection.change
        )
        for part in parts:
            found = [same.setdefault(each, each) for each in part.values()]
            packed |= zip(map(sys.intern, part), found, strict=True)
        # A place in the map takes some hundred bytes, an object of bytes 33 more than it holds.
        projection.size = 100 * len(packed) + 33 * len(same) + sum(map(len, same))

    def _forget(self, projection: Projection) -> None:
        left = {minion_id for (minion_id,) in self._connection.execute("SELECT id FROM facts")}
        for minion_id in projection.packed.keys() - left:
            del projection.packed[minion_id]

    def _make_room(self) -> None:
        while len(self._kept) > 1 and sum(each.size for each in self._kept.values()) > BUDGET:
            del self._kept[next(iter(self._kept))]
