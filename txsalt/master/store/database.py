"""
The SQLite file of a master: jobs, returns, what is known of minions.

The daemon prepares it once before the workers start; each worker has a connection of its own.

Source: docs/architecture.md, "Who owns what".
"""

import os
import sqlite3

from txsalt.errors import StoreError
from txsalt.master.store import tables
from txsalt.master.store.private_file import make_private_folder

SCHEMA_VERSION = 1
Connection = sqlite3.Connection
Failure = sqlite3.Error  # what reading and writing raises: a full disk, a lock held for too long
BUSY_SECONDS = 20.0
CACHE_KIB = 512  # of each connection; SQLite's own would be 2 MiB

_SCHEMA = """
CREATE TABLE jobs (
    jid TEXT NOT NULL PRIMARY KEY,
    created REAL NOT NULL,
    owner TEXT,
    request BLOB UNIQUE,
    fun TEXT NOT NULL,
    tgt TEXT NOT NULL,
    user TEXT NOT NULL,
    expected INTEGER NOT NULL,
    job BLOB NOT NULL,
    people BLOB NOT NULL
);
CREATE INDEX jobs_created ON jobs (created);
CREATE TABLE returns (
    jid TEXT NOT NULL,
    id TEXT NOT NULL,
    received REAL NOT NULL,
    succeeded INTEGER NOT NULL,
    stamp TEXT,
    ret BLOB NOT NULL,
    PRIMARY KEY (jid, id)
);
CREATE INDEX returns_received ON returns (received);
CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counters VALUES ('facts', 0), ('forgotten', 0);
CREATE TABLE mine (
    id TEXT NOT NULL,
    alias TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (id, alias)
);
CREATE TABLE identities (id TEXT NOT NULL PRIMARY KEY, key BLOB NOT NULL);
"""


def path_in(cachedir: str) -> str:
    """Return where the file of a master with this ``cachedir`` is."""
    return os.path.join(cachedir, "store", "jobs.sqlite")


def prepare(path: str) -> None:
    """
    Make folder (0700) and file (0600) if they are missing, and the tables.

    Raises StoreError for a file that is of another version or damaged.
    """
    try:
        make_private_folder(os.path.dirname(path))
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        os.chmod(path, 0o600)
    except OSError as exc:
        raise StoreError(path, exc.strerror or str(exc)) from exc
    connection = connect(path, any_version=True)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection) == 0:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        _require_version(connection, path)
        tables.make(connection)
        connection.execute("COMMIT")
    except sqlite3.Error as exc:
        raise StoreError(path, str(exc)) from exc
    finally:
        connection.close()


def connect(path: str, *, any_version: bool = False) -> sqlite3.Connection:
    """
    Open the file for one program; every statement is its own transaction unless BEGIN is said.

    Raises StoreError.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=64
        )
        # With WAL, NORMAL loses at most the last commits in a power failure, never the file.
        connection.execute("PRAGMA synchronous=NORMAL")
        # Pages that are not here are in the system's cache, once for all workers.
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        if not any_version:
            _require_version(connection, path)
    except sqlite3.Error as exc:
        raise StoreError(path, str(exc)) from exc
    return connection


def prune(connection: sqlite3.Connection, before: float, limit: int = 500) -> int:
    """
    Delete at most ``limit`` jobs and ``limit`` returns older than Unix time ``before``.

    Returns how many rows went; call again while it is not 0. Small steps let writers in between.
    """
    jobs = connection.execute(
        "DELETE FROM jobs WHERE rowid IN (SELECT rowid FROM jobs WHERE created < ? LIMIT ?)",
        (before, limit),
    )
    returns = connection.execute(
        "DELETE FROM returns WHERE rowid IN (SELECT rowid FROM returns WHERE received < ? LIMIT ?)",
        (before, limit),
    )
    return jobs.rowcount + returns.rowcount + tables.prune(connection, before, limit)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _require_version(connection: sqlite3.Connection, path: str) -> None:
    version = _version(connection)
    if version != SCHEMA_VERSION:
        connection.close()
        raise StoreError(path, f"has version {version}, this program needs {SCHEMA_VERSION}")
