"""
What is known of minions: grains, pillar, when they were last heard of.

A target by grain or pillar is expanded from here, with no more than the entries it looks at.

Source: PROTOCOL sections 9.2, 10.3.
"""

import sqlite3
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any  # grains and pillar hold any msgpack value

from attrs import frozen

from txsalt.master.store import fact_entries
from txsalt.master.store.projections import Projections
from txsalt.master.store.transaction import transaction
from txsalt.targeting.facts import Answer, Facts, FactsOf, Source
from txsalt.targeting.needs import Needs
from txsalt.wire import packed_map, serial

_CHUNK = 8 * 1024  # bytes, packed

_PACKED = "SELECT number, grains, pillar FROM facts JOIN packed_facts USING (number) WHERE id = ?"


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
        with transaction(self._connection):
            return self._write(minion_id, packed, now)

    def _write(self, minion_id: str, packed: tuple[bytes, bytes], now: float) -> bool:
        execute = self._execute
        row = execute(_PACKED, (minion_id,)).fetchone()
        if row is None:
            insert = "INSERT INTO facts (id, seen, change) VALUES (?, ?, -1)"
            row = (execute(insert, (minion_id, now)).lastrowid,)
        number, old = int(row[0]), row[1:]
        if old == packed:
            execute("UPDATE facts SET seen = ? WHERE number = ?", (now, number))
            return False
        execute("UPDATE counters SET value = value + 1 WHERE name = 'facts'")
        execute(
            "UPDATE facts SET seen = ?, change = (SELECT value FROM counters WHERE name = 'facts')"
            " WHERE number = ?",
            (now, number),
        )
        execute("INSERT OR REPLACE INTO packed_facts VALUES (?, ?, ?)", (number, *packed))
        fact_entries.save(self._connection, number, old, packed)
        return True

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
        row = self._execute(_PACKED, (minion_id,)).fetchone()
        if row is None:
            return None
        return Facts(minion_id, serial.unpack_bin(row[1]), serial.unpack_bin(row[2]))

    def lookup(self, needs: Needs) -> FactsOf:
        """
        Return a function from id to facts, as they are now; None for a minion without any.

        The facts hold what ``needs`` names and nothing else; unless that is everything or nothing,
        it is a ``FactsOfMany``. Asking for everything reads each minion by itself.
        """
        if needs.grains is None or needs.pillar is None:
            return self._whole()
        if not needs.grains and not needs.pillar:
            known = {minion_id for (minion_id,) in self._execute("SELECT id FROM facts")}
            return lambda minion_id: Facts(minion_id) if minion_id in known else None
        counters = dict(self._execute("SELECT name, value FROM counters"))
        columns: dict[Source, dict[str, dict[str, bytes]]] = {
            "grains": {name: self._grains.of(name, counters) for name in needs.grains},
            "pillar": {name: self._pillar.of(name, counters) for name in needs.pillar},
        }
        one = next(iter((columns["grains"] or columns["pillar"]).values()))
        return _Columns(columns, one)

    def _whole(self) -> FactsOf:
        last: Facts | None = None

        def facts_of(minion_id: str) -> Facts | None:
            nonlocal last
            if last is None or last.id != minion_id:
                last = self.one(minion_id)
            return last

        return facts_of


def forget(connection: sqlite3.Connection, minion_id: str) -> None:
    """Delete grains and pillar of an id; call within a transaction."""
    for (number,) in connection.execute("SELECT number FROM facts WHERE id = ?", (minion_id,)):
        fact_entries.forget(connection, number)
        connection.execute("DELETE FROM packed_facts WHERE number = ?", (number,))
    connection.execute("DELETE FROM facts WHERE id = ?", (minion_id,))
    connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'forgotten'")


@frozen(eq=False)
class _Columns:
    """Packed entries of some names, by minion id; a ``FactsOfMany``."""

    _of: dict[Source, dict[str, dict[str, bytes]]]
    _known: Container[str]

    def __call__(self, minion_id: str) -> Facts | None:
        if minion_id not in self._known:
            return None
        return Facts(minion_id, self._one("grains", minion_id), self._one("pillar", minion_id))

    def judged(
        self, source: Source, name: str, judge: Callable[[dict[Any, Any]], Answer]
    ) -> Callable[[str], Answer | None]:
        said: dict[bytes | None, Answer] = {}
        column = self._of[source][name]
        # Not all at a time: unpacked, they are ten times larger.
        for chunk in _chunks(set(column.values())):
            said |= zip(chunk, map(judge, serial.unpack_own(chunk)), strict=True)
        return lambda minion_id: said.get(column.get(minion_id))

    def _one(self, source: Source, minion_id: str) -> dict[Any, Any]:
        # Another worker's change may lie between two columns: what one of them lacks is empty.
        columns = self._of[source].values()
        found = serial.unpack_own([each.get(minion_id, packed_map.EMPTY) for each in columns])
        return {key: value for each in found for key, value in each.items()}


def _chunks(several: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for each in several:
        chunk.append(each)
        size += len(each)
        if size > _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
