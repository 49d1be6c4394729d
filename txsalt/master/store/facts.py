"""
What is known of minions: grains, pillar, when they were last heard of.

A target by grain or pillar is expanded from here. Each worker keeps the grains unpacked; two
counters in the database say which of them another worker has changed, so that a look costs one
row and not ten thousand.

Source: PROTOCOL sections 9.2, 10.3.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any  # grains and pillar hold any msgpack value

from txsalt.targeting.facts import Facts
from txsalt.wire import serial

FactsOf = Callable[[str], Facts | None]
_NO_PILLAR: dict[Any, Any] = {}


class FactsStore:
    """Grains and pillar of minions through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._grains: dict[str, dict[Any, Any]] = {}
        self._pillar: dict[str, tuple[int, dict[Any, Any]]] = {}
        self._versions: dict[str, int] = {}
        self._seen_change = -1
        self._seen_forgotten = -1

    def save(
        self, minion_id: str, grains: dict[Any, Any], pillar: dict[Any, Any], now: float
    ) -> bool:
        """Store what a minion sent and got; return whether anything but the time is new."""
        packed = (serial.pack_bin(grains), serial.pack_bin(pillar))
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            row = execute("SELECT grains, pillar FROM facts WHERE id = ?", (minion_id,)).fetchone()
            if row == packed:
                execute("UPDATE facts SET seen = ? WHERE id = ?", (now, minion_id))
            else:
                execute("UPDATE counters SET value = value + 1 WHERE name = 'facts'")
                execute(
                    "INSERT OR REPLACE INTO facts (id, seen, change, grains, pillar) VALUES"
                    " (?, ?, (SELECT value FROM counters WHERE name = 'facts'), ?, ?)",
                    (minion_id, now, *packed),
                )
            execute("COMMIT")
        except BaseException:
            execute("ROLLBACK")
            raise
        return bool(row != packed)

    def seen(self, minion_id: str) -> float | None:
        """Return the Unix time at which a minion last fetched its pillar, or None."""
        row = self._connection.execute(
            "SELECT seen FROM facts WHERE id = ?", (minion_id,)
        ).fetchone()
        return None if row is None else float(row[0])

    def seen_times(self, minion_ids: Iterable[str]) -> dict[str, float | None]:
        """Return for each id the Unix time of ``seen``, or None."""
        known = dict(self._connection.execute("SELECT id, seen FROM facts"))
        return {minion_id: known.get(minion_id) for minion_id in minion_ids}

    def one(self, minion_id: str) -> Facts | None:
        """Return grains and pillar of one minion."""
        row = self._connection.execute(
            "SELECT grains, pillar FROM facts WHERE id = ?", (minion_id,)
        ).fetchone()
        if row is None:
            return None
        return Facts(minion_id, serial.unpack_bin(row[0]), serial.unpack_bin(row[1]))

    def lookup(self, *, with_pillar: bool) -> FactsOf:
        """
        Return a function from id to facts, as they are now; None for a minion without any.

        Pillars are large and seldom a target: ask for them only when the target needs them.
        """
        self._catch_up()

        def facts_of(minion_id: str) -> Facts | None:
            grains = self._grains.get(minion_id)
            if grains is None:
                return None
            pillar = self._pillar_of(minion_id) if with_pillar else _NO_PILLAR
            return Facts(minion_id, grains, pillar)

        return facts_of

    def _pillar_of(self, minion_id: str) -> dict[Any, Any]:
        version = self._versions[minion_id]
        known = self._pillar.get(minion_id)
        if known is None or known[0] != version:
            row = self._connection.execute(
                "SELECT pillar FROM facts WHERE id = ?", (minion_id,)
            ).fetchone()
            known = (version, serial.unpack_bin(row[0]) if row else {})
            self._pillar[minion_id] = known
        return known[1]

    def _catch_up(self) -> None:
        counters = dict(self._connection.execute("SELECT name, value FROM counters"))
        if counters["forgotten"] != self._seen_forgotten:
            left = {minion_id for (minion_id,) in self._connection.execute("SELECT id FROM facts")}
            for minion_id in self._grains.keys() - left:
                del self._grains[minion_id], self._versions[minion_id]
                self._pillar.pop(minion_id, None)
            self._seen_forgotten = counters["forgotten"]
        if counters["facts"] != self._seen_change:
            rows = self._connection.execute(
                "SELECT id, change, grains FROM facts WHERE change > ?", (self._seen_change,)
            )
            for minion_id, change, packed in rows:
                self._grains[minion_id] = serial.unpack_bin(packed)
                self._versions[minion_id] = change
            self._seen_change = counters["facts"]
