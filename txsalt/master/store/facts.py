"""
What is known of minions: grains, pillar, when they were last heard of.

A target by grain or pillar is expanded from here, with no more than the entries it looks at.

Source: PROTOCOL sections 9.2, 10.3.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any  # grains and pillar hold any msgpack value

from txsalt.master.store.projections import Projections, unpacked
from txsalt.targeting.facts import Facts
from txsalt.targeting.needs import Needs
from txsalt.wire import packed_map, serial

FactsOf = Callable[[str], Facts | None]


class FactsStore:
    """Grains and pillar of minions through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._execute: Callable[..., sqlite3.Cursor] = connection.execute
        self._grains = Projections(connection, "grains")
        self._pillar = Projections(connection, "pillar")

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

    def lookup(self, needs: Needs) -> FactsOf:
        """
        Return a function from id to facts, as they are now; None for a minion without any.

        The facts hold what ``needs`` names and nothing else; minions that have the same there share
        one object, so do not change it. Asking for everything reads each minion by itself.
        """
        if needs.grains is None or needs.pillar is None:
            return self._whole()
        if not needs.grains and not needs.pillar:
            known = {minion_id for (minion_id,) in self._execute("SELECT id FROM facts")}
            return lambda minion_id: Facts(minion_id) if minion_id in known else None
        counters = dict(self._execute("SELECT name, value FROM counters"))
        grains = [self._grains.of(name, counters) for name in sorted(needs.grains)]
        pillar = [self._pillar.of(name, counters) for name in sorted(needs.pillar)]
        return _from([*grains, *pillar], len(grains))

    def _whole(self) -> FactsOf:
        last: Facts | None = None

        def facts_of(minion_id: str) -> Facts | None:
            nonlocal last
            if last is None or last.id != minion_id:
                last = self.one(minion_id)
            return last

        return facts_of


def _from(columns: Sequence[dict[str, bytes]], grains: int) -> FactsOf:
    """Look into packed entries; the first ``grains`` of the columns are grains, the rest pillar."""
    entries_of = columns[0].get if len(columns) == 1 else _side_by_side(columns)
    # Minions have much in common: what two share is unpacked once.
    known: dict[Any, Facts] = {}

    def facts_of(minion_id: str) -> Facts | None:
        entries = entries_of(minion_id)
        if entries is None:
            return None
        found = known.get(entries)
        if found is None:
            parts = entries if isinstance(entries, tuple) else (entries,)
            own, secret = unpacked(parts[:grains]), unpacked(parts[grains:])
            found = known[entries] = Facts(minion_id, own, secret, shared=True)
        return found

    return facts_of


def _side_by_side(
    columns: Sequence[dict[str, bytes]],
) -> Callable[[str], tuple[bytes, ...] | None]:
    first = columns[0]

    def entries_of(minion_id: str) -> tuple[bytes, ...] | None:
        if minion_id not in first:
            return None
        # Another worker's change may lie between two columns: what one of them lacks is empty.
        return tuple([each.get(minion_id, packed_map.EMPTY) for each in columns])

    return entries_of
