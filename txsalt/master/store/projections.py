"""
One entry of the grains, or of the pillar, of all minions: what a target looks at.

All facts of ten thousand minions are 300 MB of Python objects in each worker, and a target looks
at one entry of each. That is taken out of the packed facts when it is first asked for, and kept:
packed, by each worker, within a budget; and in the database, from where a worker that has just
begun takes it. Two counters there tell what another worker has changed since.
"""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attrs import define, field

from txsalt.targeting.paths import keys_of
from txsalt.wire import packed_map, serial

BUDGET = 4 * 1024 * 1024  # bytes that a worker keeps of one column; the last one asked for stays
MOST_STORED = 64  # entries of one column that the database keeps
WORTH_STORING = 500  # minions; fewer are read again as quickly

Counters = dict[str, int]


@define(kw_only=True)
class Projection:
    """Packed maps with at most the entry of one name, by minion id; equal ones are one object."""

    name: str
    packed: dict[str, bytes] = field(factory=dict)
    change: int = -1  # of the counter "facts"
    forgotten: int = -1  # of the counter of that name
    size: int = 0  # bytes, roughly
    unstored: int = 0  # minions that are newer than what is stored


class Projections:
    """The entries of one column of the facts, through one connection."""

    def __init__(self, connection: sqlite3.Connection, column: str) -> None:
        """``column`` is "grains" or "pillar"."""
        self._execute: Callable[..., sqlite3.Cursor] = connection.execute
        self._column = column
        self._read_changed = f"SELECT id, {column} FROM facts WHERE change > ?"  # noqa: S608 - no word of a user's
        self._kept: dict[str, Projection] = {}  # the last one asked for is the last one here

    def of(self, name: str, counters: Counters) -> dict[str, bytes]:
        """
        Return a packed map for each minion that has facts, empty where it has no such entry.

        ``counters`` are those of the database, read just before.
        """
        found = self._kept.pop(name, None) or self._stored(name)
        self._kept[name] = found
        if found.forgotten != counters["forgotten"]:
            self._forget(found)
            found.forgotten = counters["forgotten"]
        if found.change < counters["facts"]:
            self._catch_up(found)
            found.change = counters["facts"]
            if found.unstored >= max(WORTH_STORING, len(found.packed) // 10):
                self._store(found)
        self._make_room()
        return found.packed

    def _catch_up(self, projection: Projection) -> None:
        pick = packed_map.picker(keys_of(projection.name))
        same = {each: each for each in projection.packed.values()}
        packed = projection.packed
        for minion_id, blob in self._execute(self._read_changed, (projection.change,)):
            entry = pick(blob)
            packed[sys.intern(minion_id)] = same.setdefault(entry, entry)
            projection.unstored += 1
        projection.size = _size(packed)

    def _forget(self, projection: Projection) -> None:
        left = {minion_id for (minion_id,) in self._execute("SELECT id FROM facts")}
        for minion_id in projection.packed.keys() - left:
            del projection.packed[minion_id]

    def _stored(self, name: str) -> Projection:
        row = self._execute(
            "SELECT change, forgotten, data FROM projections WHERE source = ? AND name = ?",
            (self._column, name),
        ).fetchone()
        if row is None:
            return Projection(name=name)
        ids, numbers, entries = serial.unpack_bin(row[2])
        packed = {
            sys.intern(each): entries[number] for each, number in zip(ids, numbers, strict=True)
        }
        return Projection(
            name=name, packed=packed, change=row[0], forgotten=row[1], size=_size(packed)
        )

    def _store(self, projection: Projection) -> None:
        numbers: dict[bytes, int] = {}
        places = [numbers.setdefault(each, len(numbers)) for each in projection.packed.values()]
        data = serial.pack_bin([list(projection.packed), places, list(numbers)])
        row = (self._column, projection.name, projection.change, projection.forgotten, data)
        # It only saves time: who publishes must not fail because of it.
        with suppress(sqlite3.Error):
            self._execute("INSERT OR REPLACE INTO projections VALUES (?, ?, ?, ?, ?)", row)
            self._execute(
                "DELETE FROM projections WHERE source = ? AND rowid NOT IN (SELECT rowid"
                " FROM projections WHERE source = ? ORDER BY rowid DESC LIMIT ?)",
                (self._column, self._column, MOST_STORED),
            )
            projection.unstored = 0

    def _make_room(self) -> None:
        while len(self._kept) > 1 and sum(each.size for each in self._kept.values()) > BUDGET:
            del self._kept[next(iter(self._kept))]


def unpacked(entries: tuple[bytes, ...]) -> dict[Any, Any]:
    """Return one map of the entries of several packed ones."""
    joined: dict[Any, Any] = {}
    for each in entries:
        joined |= serial.unpack_bin(each)
    return joined


def _size(packed: dict[str, bytes]) -> int:
    # A place in the map takes some hundred bytes, and each object of bytes 33 more than it holds.
    return 100 * len(packed) + sum(33 + len(each) for each in set(packed.values()))
