"""
Batches: their plans, the parts they were published in, who is missing, how they ended.

Whatever a batch does is here before it is done, so that a master that was killed goes on where it
was. Returns are stored with the part they answer, and copied to the batch's own jid, under which
everybody looks for them.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from typing import Any  # plans and outcomes are maps of any msgpack value

from attrs import frozen

from txsalt.jobs.batch_plan import Plan, read_plan
from txsalt.light import evolve
from txsalt.master.store import database
from txsalt.master.store.jobs import Job, Jobs
from txsalt.wire import job_loads, serial


@frozen(kw_only=True)
class StoredBatch:
    """All that is stored of one batch; ``outcome`` is None while it runs."""

    job: Job
    plan: Plan
    parts: dict[str, list[str]]
    returned_well: dict[str, bool]
    missing: dict[str, str]
    outcome: dict[str, Any] | None


class Batches:
    """Batches through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._jobs = Jobs(connection)

    def save(self, jid: str, plan: Plan, created: float) -> None:
        """Store a new batch, whose job is stored already."""
        self._connection.execute(
            "INSERT INTO batches (jid, created, plan) VALUES (?, ?, ?)",
            (jid, created, serial.pack_bin(plan.as_map())),
        )

    def running(self) -> list[str]:
        """Return the jids of those that have not ended, oldest first."""
        rows = self._connection.execute(
            "SELECT jid FROM batches WHERE outcome IS NULL ORDER BY created"
        )
        return [jid for (jid,) in rows]

    def load(self, jid: str) -> StoredBatch | None:
        """Return a batch, None for a jid that is none."""
        row = self._connection.execute(
            "SELECT plan, outcome FROM batches WHERE jid = ?", (jid,)
        ).fetchone()
        job = self._jobs.job(jid)
        if row is None or job is None:
            return None
        parts = self._parts(jid)
        missing = self._connection.execute(
            "SELECT id, reason FROM batch_missing WHERE jid = ?", (jid,)
        )
        returned_well = {
            minion_id: well
            for part in parts
            for minion_id, (_, well) in self._jobs.outcomes(part).items()
        }
        return StoredBatch(
            job=job,
            plan=read_plan(serial.unpack_bin(row[0])),
            parts=parts,
            returned_well=returned_well,
            missing={each: why for each, why in missing if each not in returned_well},
            outcome=None if row[1] is None else serial.unpack_bin(row[1]),
        )

    def save_part(self, jid: str, part: Job) -> None:
        """Store a part before it is published. Raises Replayed if its jid is taken."""
        self._jobs.save_job(part)
        self._connection.execute(
            "INSERT INTO batch_parts (part, jid, created, minions) VALUES (?, ?, ?, ?)",
            (part.jid, jid, part.created, serial.pack_bin(part.minions)),
        )

    def whole(self, jid: str) -> str:
        """Return the jid of the batch that a job is a part of, "" for one that is none."""
        row = self._connection.execute(
            "SELECT jid FROM batch_parts WHERE part = ?", (jid,)
        ).fetchone()
        return "" if row is None else str(row[0])

    def ended_batches_of(self, parts: Collection[str]) -> dict[str, str]:
        """Return the batch of each job among ``parts`` that is a part of one that has ended."""
        marks = ", ".join("?" * len(parts))
        rows = self._connection.execute(
            "SELECT part, batch_parts.jid FROM batch_parts JOIN batches USING (jid)"  # noqa: S608
            f" WHERE part IN ({marks}) AND outcome IS NOT NULL",  # question marks only
            tuple(parts),
        )
        return dict(rows.fetchall())

    def uncopied(self, jid: str) -> dict[str, list[str]]:
        """Return whose returns are stored with a part, but not with the batch; by part."""
        there = self._jobs.returned_ids(jid)
        returned = {part: self._jobs.returned_ids(part) - there for part in self._parts(jid)}
        return {part: sorted(ids) for part, ids in returned.items() if ids}

    def copy_returns(self, jid: str, part: str, ids: Iterable[str]) -> dict[str, bool]:
        """Copy returns of a part to the batch; return which of them tell of success."""
        outcomes = self._jobs.outcomes(part)
        copied = {}
        # With job_cache off there is nothing to copy.
        for minion_id, packed in list(self._jobs.packed_returns(part, ids=set(ids))):
            received, copied[minion_id] = outcomes[minion_id]
            load = {**serial.unpack_bin(packed), "jid": jid}
            ret = job_loads.read_return(load, minion_id)
            self._jobs.save_return(ret, received)
        return copied

    def save_missing(self, jid: str, reasons: Mapping[str, str]) -> None:
        """Note who was given up, and why."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO batch_missing VALUES (?, ?, ?)",
            [(jid, minion_id, reason) for minion_id, reason in reasons.items()],
        )

    def halt(self, jid: str) -> bool:
        """Note that nobody is to be started any more; False if it is no batch, or over."""
        row = self._connection.execute(
            "SELECT plan FROM batches WHERE jid = ? AND outcome IS NULL", (jid,)
        ).fetchone()
        if row is None:
            return False
        plan = evolve(read_plan(serial.unpack_bin(row[0])), halted=True)
        self._connection.execute(
            "UPDATE batches SET plan = ? WHERE jid = ?", (serial.pack_bin(plan.as_map()), jid)
        )
        return True

    def end(self, jid: str, outcome: Mapping[str, Any]) -> None:
        """Note how a batch ended."""
        self._connection.execute(
            "UPDATE batches SET outcome = ? WHERE jid = ?", (serial.pack_bin(dict(outcome)), jid)
        )
        self._jobs.hide_secrets(jid)

    def _parts(self, jid: str) -> dict[str, list[str]]:
        rows = self._connection.execute(
            "SELECT part, minions FROM batch_parts WHERE jid = ? ORDER BY created, part", (jid,)
        )
        return {part: serial.unpack_bin(minions) for part, minions in rows}


class BatchFile:
    """The same for the daemon: each call opens the file in ``path``; call from a thread."""

    def __init__(self, path: str) -> None:
        self._path = path

    def running(self) -> list[str]:
        """See Batches."""
        with closing(database.connect(self._path)) as connection:
            return Batches(connection).running()

    def load(self, jid: str) -> StoredBatch | None:
        """Return a batch with the returns of all parts copied to its own jid."""
        with closing(database.connect(self._path)) as connection:
            batches = Batches(connection)
            found = batches.load(jid)
            if found is not None and found.outcome is None:
                for part, ids in found.parts.items():
                    batches.copy_returns(jid, part, ids)
            return found

    def save_part(self, jid: str, part: Job) -> None:
        """See Batches."""
        with closing(database.connect(self._path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            Batches(connection).save_part(jid, part)
            connection.execute("COMMIT")

    def save_progress(
        self, jid: str, returned: Mapping[str, list[str]], missing: Mapping[str, str]
    ) -> dict[str, bool]:
        """Copy what came back, by part, and note who is missing; return which did well."""
        copied: dict[str, bool] = {}
        with closing(database.connect(self._path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            batches = Batches(connection)
            for part, ids in returned.items():
                copied |= batches.copy_returns(jid, part, ids)
            batches.save_missing(jid, missing)
            connection.execute("COMMIT")
        return copied

    def end(self, jid: str, outcome: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """
        Note how a batch ended, and copy what came back unheard; return that, by minion id.

        What comes from then on is copied by the worker that stores it.
        """
        with closing(database.connect(self._path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            batches, jobs = Batches(connection), Jobs(connection)
            unheard = batches.uncopied(jid)
            for part, ids in unheard.items():
                batches.copy_returns(jid, part, ids)
            batches.end(jid, outcome)
            loads = jobs.returns(jid) if unheard else {}
            connection.execute("COMMIT")
        return {each: loads[each] for ids in unheard.values() for each in ids}
