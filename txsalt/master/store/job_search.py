"""
Find stored jobs: by function, target, user, minion and time.

Only small columns are read of jobs that are not meant: a job for ten thousand minions holds ten
thousand ids, and none of them is unpacked before the job is known to be wanted.
"""

import fnmatch
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from txsalt.errors import BadLoad
from txsalt.wire import serial

MAX_PATTERN = 256  # characters

_COLUMNS = "jid, created, owner, fun, tgt, user, expected"


@frozen(kw_only=True)
class JobQuery:
    """
    What is looked for; everything that is given must fit.

    ``function``, ``target`` and ``user`` are globs, ``minion`` an id that was expected or
    returned; ``since`` and ``until`` are Unix times, ``limit`` 0 means all.
    """

    function: str = ""
    target: str = ""
    user: str = ""
    minion: str = ""
    since: float = 0.0
    until: float | None = None
    limit: int = 0
    hide: str = ""


@frozen(kw_only=True)
class JobSummary:
    """A job in short: ``expected`` minions, of which some ``returned`` and some of those failed."""

    jid: str
    created: float
    owner: str | None
    fun: str
    tgt: str
    user: str
    expected: int
    returned: int
    failed: int


def search(connection: sqlite3.Connection, query: JobQuery) -> Iterator[JobSummary]:
    """Yield what fits, newest first. Raises BadLoad for a pattern that is too long."""
    fits = _fits(query)
    count = 0
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM jobs WHERE created >= ? AND created <= ?"  # noqa: S608
        " ORDER BY created DESC, jid DESC",
        (query.since, float("inf") if query.until is None else query.until),
    )
    for row in rows:
        if not fits(row[3:6]) or (query.minion and not _concerns(connection, row[0], query.minion)):
            continue
        yield _summary(connection, row)
        count += 1
        if count == query.limit:
            return


def unfinished(
    connection: sqlite3.Connection, since: float
) -> Iterator[tuple[JobSummary, list[str]]]:
    """Yield jobs created at Unix time ``since`` or later, and the minions they still wait for."""
    for summary in search(connection, JobQuery(since=since)):
        if summary.expected:
            returned = connection.execute("SELECT id FROM returns WHERE jid = ?", (summary.jid,))
            there = {minion_id for (minion_id,) in returned}
            waiting = [each for each in _expected(connection, summary.jid) if each not in there]
            if waiting:
                yield summary, waiting


def column_text(value: object) -> str:
    """Write a function or a target, one or several, as the text of a column."""
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value))
    return str(value or "")[:1000]


def _fits(query: JobQuery) -> Any:
    wanted = [
        None if glob in ("", "*") else _compiled(glob)
        for glob in (query.function, query.target, query.user)
    ]

    def fits(columns: tuple[str, ...]) -> bool:
        if query.hide and query.hide == columns[0] and not query.function:
            return False
        return all(
            pattern is None or pattern.match(text)
            for pattern, text in zip(wanted, columns, strict=True)
        )

    return fits


def _compiled(glob: str) -> re.Pattern[str]:
    if len(glob) > MAX_PATTERN:
        raise BadLoad(f"a pattern of more than {MAX_PATTERN} characters")
    # What fnmatch makes of stars does not backtrack beyond one of them.
    return re.compile(fnmatch.translate(glob))


def _concerns(connection: sqlite3.Connection, jid: str, minion_id: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM returns WHERE jid = ? AND id = ?", (jid, minion_id)
    ).fetchone()
    return row is not None or minion_id in _expected(connection, jid)


def _expected(connection: sqlite3.Connection, jid: str) -> list[str]:
    row = connection.execute("SELECT people FROM jobs WHERE jid = ?", (jid,)).fetchone()
    return serial.unpack_bin(row[0])[0] if row else []


def _summary(connection: sqlite3.Connection, row: tuple[Any, ...]) -> JobSummary:
    jid, created, owner, fun, tgt, user, expected = row
    returned, succeeded = connection.execute(
        "SELECT COUNT(*), COALESCE(SUM(succeeded), 0) FROM returns WHERE jid = ?", (jid,)
    ).fetchone()
    return JobSummary(
        jid=jid,
        created=created,
        owner=owner,
        fun=fun,
        tgt=tgt,
        user=user,
        expected=expected,
        returned=returned,
        failed=returned - succeeded,
    )
