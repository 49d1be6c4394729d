"""
Tables beside those of jobs: facts, presence, refused returns, batches. Made when missing.
"""

import sqlite3

from txsalt.master.store import fact_entries, nonces

_TABLES = (
    # What is read of all minions lies apart from what is large.
    """CREATE TABLE IF NOT EXISTS facts (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        seen REAL NOT NULL,
        change INTEGER NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS facts_change ON facts (change, id)",
    """CREATE TABLE IF NOT EXISTS packed_facts (
        number INTEGER PRIMARY KEY,
        grains BLOB NOT NULL,
        pillar BLOB NOT NULL
    )""",
    fact_entries.TABLE,
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
    nonces.TABLE,
    nonces.INDEX,
)


def make(connection: sqlite3.Connection) -> None:
    """Make what is missing; call within a transaction."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(facts)")}
    if "grains" in columns:
        # As an early version kept them, without entries. Each minion sends its facts again, and
        # whoever has none counts as meant until then.
        connection.execute("DROP TABLE facts")
        connection.execute("DROP TABLE IF EXISTS projections")
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
