"""
The mine: values that minions publish for each other, by id and alias.

Source: PROTOCOL section 9.5.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any  # values are any msgpack value

from txsalt.errors import BadLoad
from txsalt.master.store.transaction import transaction
from txsalt.wire import serial

# Of one minion.
MOST_ALIASES = 1000
MOST_BYTES = 64 * 1024 * 1024


class MineStore:
    """The mine through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def merge(self, minion_id: str, data: dict[str, Any], *, clear: bool) -> None:
        """
        Add values to those of an id; ``clear`` deletes the others first.

        Raises BadLoad, and changes nothing, if that makes more than an id may have.
        """
        rows = [(minion_id, alias, serial.pack_bin(value)) for alias, value in data.items()]
        with transaction(self._connection):
            if clear:
                self._connection.execute("DELETE FROM mine WHERE id = ?", (minion_id,))
            self._connection.executemany(
                "INSERT OR REPLACE INTO mine (id, alias, value) VALUES (?, ?, ?)", rows
            )
            self._require_room(minion_id)

    def _require_room(self, minion_id: str) -> None:
        # Aliases are never forgotten by themselves: new ones again and again would fill the disk.
        count, size = self._connection.execute(
            "SELECT COUNT(*), SUM(LENGTH(alias) + LENGTH(value)) FROM mine WHERE id = ?",
            (minion_id,),
        ).fetchone()
        if count > MOST_ALIASES or (size or 0) > MOST_BYTES:
            raise BadLoad(f"a mine of {count} aliases and {size} bytes is too large")

    def values(self, alias: str, ids: Iterable[str]) -> dict[str, Any]:
        """Return the value of one alias for those of ``ids`` that have it."""
        wanted = dict.fromkeys(ids)
        rows = self._connection.execute("SELECT id, value FROM mine WHERE alias = ?", (alias,))
        found = {minion_id: packed for minion_id, packed in rows if minion_id in wanted}
        return {
            minion_id: serial.unpack_bin(found[minion_id])
            for minion_id in wanted
            if minion_id in found
        }

    def delete(self, minion_id: str, alias: str) -> bool:
        """Delete one alias of an id; False if the id has no mine at all."""
        row = self._connection.execute("SELECT 1 FROM mine WHERE id = ? LIMIT 1", (minion_id,))
        if row.fetchone() is None:
            return False
        self._connection.execute("DELETE FROM mine WHERE id = ? AND alias = ?", (minion_id, alias))
        return True

    def flush(self, minion_id: str) -> None:
        """Delete everything of an id."""
        self._connection.execute("DELETE FROM mine WHERE id = ?", (minion_id,))
