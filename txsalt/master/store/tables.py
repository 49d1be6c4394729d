"""
Tables beside those of jobs and facts: presence, refused returns, batches, what targets
look at. Made when missing.
"""

import sqlite3

_TABLES = (
    """CREATE TABLE IF NOT EXISTS presence (
        id TEXT NOT NULL PRIMARY KEY,
        up INTEGER NOT NULL,
        since REAL NOT NULL,
        heard REAL NOT NULL,
        address TEXT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS refusals (
        jid TEXT NOT NULL,
        id TEXT NOT NULL,
        time REAL NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (jid, id)
    )""",
    "CREATE INDEX IF NOT EXISTS refusals_time ON refusals (time)",
    """CREATE TABLE IF NOT EXISTS batches (
        jid TEXT NOT NULL PRIMARY KEY,
        created REAL NOT NULL,
        plan BLOB NOT NULL,
        outcome BLOB
    )""",
    """CREATE TABLE IF NOT EXISTS batch_parts (
        part TEXT NOT NULL PRIMARY KEY,
        jid TEXT NOT NULL,
        created REAL NOT NULL,
        minions BLOB NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS batch_parts_jid ON batch_parts (jid)",
    """CREATE TABLE IF NOT EXISTS batch_missing (
        jid TEXT NOT NULL,
        id TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (jid, id)
    )""",
    """CREATE TABLE IF NOT EXISTS projections (
        source TEXT NOT NULL,
        name TEXT NOT NULL,
        change INTEGER NOT NULL,
        forgotten INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (source, name)
    )""",
)


def make(connection: sqlite3.Connection) -> None:
    """Make what is missing; call within a transaction."""
    for statement in _TABLES:
        connection.execute(statement)


def prune(connection: sqlite3.Connection, before: float, limit: int) -> int:
    """Delete at most ``limit`` rows of each table that are older; return how many went."""
    count = connection.execute(
        "DELETE FROM refusals WHERE rowid IN (SELECT rowid FROM refusals WHERE time < ? LIMIT ?)",
        (before, limit),
    ).rowcount
    old = [
        jid
        for (jid,) in connection.execute(
            "SELECT jid FROM batches WHERE created < ? AND outcome IS NOT NULL LIMIT ?",
            (before, limit),
        )
    ]
    for jid in old:
        connection.execute("DELETE FROM batch_missing WHERE jid = ?", (jid,))
        connection.execute("DELETE FROM batch_parts WHERE jid = ?", (jid,))
        connection.execute("DELETE FROM batches WHERE jid = ?", (jid,))
    return count + len(old)
