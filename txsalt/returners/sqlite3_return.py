"""
Return to a SQLite database on this machine.

    returner.sqlite3.database: /var/lib/txsalt/returns.db     # required
    returner.sqlite3.timeout: 5.0                             # seconds to wait for other writers

The tables are those of Salt's returner of this name, and are made if there are none; a file that
is new is its owner's only.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any  # returns hold what functions give

from txsalt.jobs.errors import CommandExecutionError
from txsalt.returners._jids import prep_jid as _prep_jid
from txsalt.returners._jobs_table import JobsTable
from txsalt.returners._options import REQUIRED, options_of

__virtualname__ = "sqlite3"

_TABLE = JobsTable("?", {"fun_args": "fun_args"})
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jids (jid TEXT PRIMARY KEY, load TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS salt_returns (
    fun TEXT, jid TEXT, id TEXT, fun_args TEXT,
    date TEXT NOT NULL, full_ret TEXT NOT NULL, success TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS salt_returns_jid ON salt_returns (jid);
"""


def returner(ret: Mapping[str, Any]) -> None:
    """Store a return."""
    with _cursor(ret) as cursor:
        _TABLE.put(cursor, ret, date=datetime.now(UTC).isoformat())


def save_load(jid: str, load: Mapping[str, Any], minions: Any = None) -> None:
    """Store what a job was."""
    with _cursor() as cursor:
        _TABLE.put_load(cursor, jid, load)


def prep_jid(nocache: bool = False, passed_jid: str | None = None) -> str:
    """Give a new job id, or the one that was passed."""
    return _prep_jid(nocache, passed_jid)


def get_load(jid: str) -> dict[str, Any]:
    """Give what a job was; {} if it is not known."""
    with _cursor() as cursor:
        return _TABLE.load(cursor, jid)


def get_jid(jid: str) -> dict[str, Any]:
    """Give the returns of a job by minion."""
    with _cursor() as cursor:
        return _TABLE.returns_of(cursor, jid)


def get_fun(fun: str) -> dict[str, Any]:
    """Give the last return of a function by minion."""
    with _cursor() as cursor:
        return _TABLE.last_of(cursor, fun)


def get_jids() -> dict[str, Any]:
    """Give all jobs with what they were."""
    with _cursor() as cursor:
        return _TABLE.jids(cursor)


def get_minions() -> list[str]:
    """List the minions that returned anything."""
    with _cursor() as cursor:
        return _TABLE.minions(cursor)


@contextlib.contextmanager
def _cursor(ret: Mapping[str, Any] | None = None) -> Iterator[sqlite3.Cursor]:
    options = options_of("sqlite3", ret, __salt__, {"database": REQUIRED, "timeout": 5.0})
    path = str(options["database"])
    try:
        _make_private(path)
        with contextlib.closing(
            sqlite3.connect(path, timeout=float(options["timeout"]))
        ) as connection:
            connection.executescript(_SCHEMA)
            with connection:
                yield connection.cursor()
    except (sqlite3.Error, OSError) as exc:
        raise CommandExecutionError(f"{path}: {exc}") from exc


def _make_private(path: str) -> None:
    """Make the file if it is missing: returns hold what functions saw, for the owner only."""
    if not path.startswith(":"):
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
