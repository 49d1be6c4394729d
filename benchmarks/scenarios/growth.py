"""The cost of a return when many are stored already: it must not grow with them."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet
from benchmarks.processes import cpu_seconds
from txsalt.jobs import jid as jids
from txsalt.master.store import database
from txsalt.master.store.jobs import Job, Jobs
from txsalt.wire import job_loads

NAME = "growth"
_RETURNS_A_JOB = 100
_PORTION = 20_000


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure a master of its own; ours is filled through its store, Salt's by its own work."""
    stages = (1000, 100_000) if size.quick else (1000, 100_000, 1_000_000)
    if not house.is_ours:
        if size.quick:
            return
        stages = (1000, 10_000)  # at a few hundred a second, more would take hours
    with House(house.name) as grown:
        stored = 0
        for stage in stages:
            if grown.is_ours:
                _fill(grown, stored, stage)
            else:
                _flood(grown, stage - stored)
            stored = stage
            for _ in range(size.repeats):
                count = 2000 if grown.is_ours else 500
                before = cpu_seconds(grown.pids())
                _flood(grown, count)
                used = cpu_seconds(grown.pids()) - before
                stored += count
                yield Seen(
                    what=f"master's CPU a return, {stage:,} stored",
                    unit="ms",
                    value=used * 1000 / count,
                    more=False,
                    goal="flat",
                )


def _flood(house: House, count: int) -> None:
    report = house.swarm(
        "flood", *fleet(20), "--total", str(count), "--connections", "100",
        "--payload", "256",
    )  # fmt: skip
    assert report["flood"]["answered"] == count


def _fill(house: House, stored: int, wanted: int) -> None:
    path = database.path_in(str(house.master.root / "cache"))
    first = datetime(2001, 1, 1, tzinfo=UTC)
    # Received now, so that no cleaning takes them away.
    now = time.time()
    with closing(database.connect(path)) as connection:
        jobs = Jobs(connection)
        for start in range(stored, wanted, _PORTION):
            connection.execute("BEGIN IMMEDIATE")
            for number in range(start, min(start + _PORTION, wanted)):
                jid = jids.make(first + timedelta(seconds=number // _RETURNS_A_JOB))
                if number % _RETURNS_A_JOB == 0:
                    _store_job(jobs, jid, now)
                _store_return(jobs, jid, f"filled-{number % _RETURNS_A_JOB}", now)
            connection.execute("COMMIT")


def _store_job(jobs: Jobs, jid: str, now: float) -> None:
    load = {"jid": jid, "fun": "test.ping", "arg": [], "tgt": "*", "tgt_type": "glob"}
    try:
        jobs.save_job(Job(jid=jid, created=now, load=load))
    except sqlite3.Error as error:
        raise AssertionError(f"the store could not be filled: {error}") from error


def _store_return(jobs: Jobs, jid: str, minion_id: str, now: float) -> None:
    publication = {"jid": jid, "fun": "test.ping", "arg": []}
    result = {"return": "x" * 256, "retcode": 0, "success": True}
    load = job_loads.return_load(publication, minion_id, result, datetime.now(UTC).isoformat())
    jobs.save_return(job_loads.read_return(load, minion_id), now)
