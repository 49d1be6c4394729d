"""
Remember the requests that were carried out, so that one that is sent again has no effect.

Whoever listens on the wire can send a sealed request once more as long as its session key lives.
"""

import hashlib
import sqlite3

from txsalt.master.store.transaction import transaction

TABLE = """CREATE TABLE IF NOT EXISTS nonces (
    digest BLOB NOT NULL PRIMARY KEY,
    time REAL NOT NULL
)"""
INDEX = "CREATE INDEX IF NOT EXISTS nonces_time ON nonces (time)"
# Where session keys live for ever.
_LONGEST_SECONDS = 30 * 86400.0
_SWEEP = 4  # old ones that go when a new one comes


class Nonces:
    """The nonces of all minions, through one connection."""

    def __init__(self, connection: sqlite3.Connection, key_seconds: float) -> None:
        """``key_seconds`` is how long a session key lives; 0: for ever."""
        self._connection = connection
        self._seconds = key_seconds or _LONGEST_SECONDS

    def take(self, minion_id: str, nonce: str, now: float) -> bool:
        """Note a nonce of a minion; False if it was taken before."""
        digest = hashlib.blake2b(f"{minion_id}\n{nonce}".encode(), digest_size=16).digest()
        with transaction(self._connection):
            added = self._connection.execute(
                "INSERT OR IGNORE INTO nonces (digest, time) VALUES (?, ?)", (digest, now)
            )
            self._connection.execute(
                "DELETE FROM nonces WHERE digest IN"
                " (SELECT digest FROM nonces WHERE time < ? ORDER BY time LIMIT ?)",
                (now - self._seconds, _SWEEP),
            )
        return added.rowcount == 1
