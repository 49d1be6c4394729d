"""
Tie what is kept about an id to the key that it was kept for.

Whoever gets an id with a new key must find nothing of the one who had it before. So everything
is forgotten when a key is deleted, and also when an id signs in with another key than last time,
whichever way the old one went.
"""

import hashlib
import sqlite3

from txsalt.master.store import facts
from txsalt.master.store.transaction import transaction


def forget(connection: sqlite3.Connection, minion_id: str) -> None:
    """Delete grains, pillar and mine of an id. Jobs and returns stay: they are the operator's."""
    with transaction(connection):
        facts.forget(connection, minion_id)
        connection.execute("DELETE FROM mine WHERE id = ?", (minion_id,))
        connection.execute("DELETE FROM identities WHERE id = ?", (minion_id,))


class Identities:
    """Which key each id last signed in with."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def is_known(self, minion_id: str) -> bool:
        """Tell whether an id ever signed in, with any key."""
        found = self._connection.execute("SELECT 1 FROM identities WHERE id = ?", (minion_id,))
        return found.fetchone() is not None

    def signed_in(self, minion_id: str, pem: str) -> bool:
        """Note a sign-in; forget what was kept for another key. Returns whether it was another."""
        key = hashlib.sha256(pem.encode()).digest()
        row = self._connection.execute(
            "SELECT key FROM identities WHERE id = ?", (minion_id,)
        ).fetchone()
        if row is not None and row[0] == key:
            return False
        if row is not None:
            forget(self._connection, minion_id)
        self._connection.execute(
            "INSERT OR REPLACE INTO identities (id, key) VALUES (?, ?)", (minion_id, key)
        )
        return row is not None
