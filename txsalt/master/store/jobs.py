"""
Jobs and returns: what was published, to whom, and what came back.

A return is stored once for each (jid, id). The same return may arrive twice, since a minion
repeats it until it is acknowledged; the repetition changes nothing and is told apart from news.

Source: PROTOCOL sections 12.4, 7.4.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any  # loads and results are any msgpack value

from attrs import field, frozen

from txsalt.errors import Replayed
from txsalt.master.store import job_search
from txsalt.master.store.job_search import JobQuery, JobSummary, column_text
from txsalt.wire import job_loads, serial
from txsalt.wire.job_loads import Return

# These differ between repetitions of one return.
_VOLATILE = ("ts", "_stamp")

_SAVE_RETURN = (
    "INSERT INTO returns (jid, id, received, succeeded, stamp, ret)"
    " VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (jid, id) DO UPDATE SET received = excluded.received,"
    " succeeded = excluded.succeeded, stamp = excluded.stamp, ret = excluded.ret"
    " WHERE ret IS NOT excluded.ret"
)


def pack_return(ret: Return) -> bytes:
    """Pack what is stored of a return: all that is the same in each repetition."""
    load = ret.load.copy()
    for name in _VOLATILE:
        load.pop(name, None)
    return serial.pack_bin(load)


@frozen(kw_only=True)
class Job:
    """One published job. ``owner`` is the minion that asked for it, None for a local user."""

    jid: str
    created: float
    load: dict[str, Any] = field(repr=False)
    minions: list[str] = field(factory=list)
    missing: list[str] = field(factory=list)
    owner: str | None = None


class Jobs:
    """Jobs and returns through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def save_job(
        self, job: Job, request: bytes | None = None, *, with_secrets: bool = False
    ) -> None:
        """
        Store a new job.

        ``request`` names what a minion reported unasked, so that its repetition is noticed.
        ``with_secrets`` is for a job that is published from here later: see ``hide_secrets``.
        Raises Replayed if the jid, or the request, is there already.
        """
        load = job.load if with_secrets else job_loads.without_secrets(job.load)
        try:
            self._connection.execute(
                "INSERT INTO jobs (jid, created, owner, request, fun, tgt, user, expected, job,"
                " people) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job.jid,
                    job.created,
                    job.owner,
                    request,
                    column_text(load.get("fun")),
                    column_text(load.get("tgt")),
                    column_text(load.get("user")),
                    len(job.minions),
                    serial.pack_bin(load),
                    serial.pack_bin([job.minions, job.missing]),
                ),
            )
        except sqlite3.IntegrityError as exc:
            raise Replayed from exc

    @contextmanager
    def together(self) -> Iterator[None]:
        """Store all or none of what is stored within this block, in one commit."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def hide_secrets(self, jid: str) -> None:
        """Take out what ``with_secrets`` kept, when the job will not be published any more."""
        job = self.job(jid)
        if job is not None and (shown := job_loads.without_secrets(job.load)) is not job.load:
            packed = serial.pack_bin(shown)
            self._connection.execute("UPDATE jobs SET job = ? WHERE jid = ?", (packed, jid))

    def jid_of_request(self, request: bytes) -> str | None:
        """Return the jid of the job that was stored with this ``request``."""
        row = self._connection.execute("SELECT jid FROM jobs WHERE request = ?", (request,))
        found = row.fetchone()
        return None if found is None else str(found[0])

    def save_return(self, ret: Return, received: float) -> bool:
        """Store a return; False if the very same one is there, which is then left alone."""
        return self._save_return(ret, pack_return(ret), received)

    def save_returns(
        self, returns: Sequence[tuple[Return, bytes]], received: float
    ) -> list[tuple[Return, bytes]]:
        """
        Store all or none of several returns, each with its ``pack_return``, in one commit.

        Returns those that were not there yet.
        """
        if len(returns) < 2:
            return [each for each in returns if self._save_return(*each, received)]
        with self.together():
            return [each for each in returns if self._save_return(*each, received)]

    def _save_return(self, ret: Return, packed: bytes, received: float) -> bool:
        stamp = ret.load.get("_stamp")
        cursor = self._connection.execute(
            _SAVE_RETURN,
            (
                ret.jid,
                ret.minion_id,
                received,
                ret.success and ret.retcode == 0,
                stamp if isinstance(stamp, str) else None,
                packed,
            ),
        )
        return cursor.rowcount > 0

    def job(self, jid: str) -> Job | None:
        """Return a job, or None."""
        row = self._connection.execute(
            "SELECT jid, created, owner, job, people FROM jobs WHERE jid = ?", (jid,)
        ).fetchone()
        return None if row is None else _job(row)

    def latest(self, limit: int = 1000) -> Iterator[Job]:
        """Yield the latest jobs, newest first."""
        rows = self._connection.execute(
            "SELECT jid, created, owner, job, people FROM jobs ORDER BY created DESC LIMIT ?",
            (limit,),
        )
        return map(_job, rows)

    def returns(self, jid: str) -> dict[str, dict[str, Any]]:
        """Return the loads that came back for a job, by minion id."""
        rows = self._connection.execute(
            "SELECT id, stamp, ret FROM returns WHERE jid = ? ORDER BY received", (jid,)
        )
        loads = {}
        for minion_id, stamp, packed in rows:
            loads[minion_id] = serial.unpack_bin(packed)
            if stamp is not None:
                loads[minion_id]["_stamp"] = stamp
        return loads

    def outcomes(self, jid: str) -> dict[str, tuple[float, bool]]:
        """Return when (Unix time) each answer came and whether it tells of success."""
        rows = self._connection.execute(
            "SELECT id, received, succeeded FROM returns WHERE jid = ? ORDER BY received", (jid,)
        )
        return {minion_id: (received, bool(succeeded)) for minion_id, received, succeeded in rows}

    def packed_returns(
        self, jid: str, after: str = "", ids: Collection[str] | None = None
    ) -> Iterator[tuple[str, bytes]]:
        """
        Yield ids and packed loads (``serial.pack_bin``), in the order of ids beyond ``after``.

        ``ids``: only these.
        """
        rows = self._connection.execute(
            "SELECT id, ret FROM returns WHERE jid = ? AND id > ? ORDER BY id", (jid, after)
        )
        return ((each, packed) for each, packed in rows if ids is None or each in ids)

    def search(self, query: JobQuery) -> Iterator[JobSummary]:
        """Yield the jobs that fit, newest first. Raises BadLoad."""
        return job_search.search(self._connection, query)

    def unfinished(self, since: float) -> Iterator[tuple[JobSummary, list[str]]]:
        """Yield jobs of Unix time ``since`` and later, and the minions that have not answered."""
        return job_search.unfinished(self._connection, since)

    def returned_ids(self, jid: str) -> set[str]:
        """Return who has answered, without reading the answers."""
        rows = self._connection.execute("SELECT id FROM returns WHERE jid = ?", (jid,))
        return {minion_id for (minion_id,) in rows}


def _job(row: tuple[str, float, str | None, bytes, bytes]) -> Job:
    jid, created, owner, packed, people = row
    minions, missing = serial.unpack_bin(people)
    return Job(
        jid=jid,
        created=created,
        owner=owner,
        load=serial.unpack_bin(packed),
        minions=minions,
        missing=missing,
    )
