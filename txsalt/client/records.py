"""
What the master has stored about jobs, asked for through the master, so that it decides who may.
"""

from collections.abc import Iterator
from typing import Any  # results are any msgpack value

from txsalt.client.session import Session
from txsalt.errors import LocalError
from txsalt.light import frozen
from txsalt.wire import serial


@frozen
class UnknownJob(LocalError):
    """No job of this id is stored."""

    jid: str

    def __str__(self) -> str:
        return f"no job {self.jid} is stored; 'txsalt-cli job list' shows those that are"


def search(session: Session, **query: Any) -> list[dict[str, Any]]:
    """
    Return jobs in short, newest first; master/worker/commands/job_records.py tells the query.
    """
    return list(session.runner("jobs.search", **query))


def show(session: Session, jid: str) -> dict[str, Any]:
    """Return what is known of a job but the results. Raises UnknownJob."""
    found = session.runner("jobs.show", jid=jid)
    if not found:
        raise UnknownJob(jid)
    return dict(found)


def returns(
    session: Session, jid: str, minions: list[str] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each stored return of a job: the minion and its load; ``minions``: only of these."""
    after: str | None = ""
    while after is not None:
        page = session.runner("jobs.returns", jid=jid, after=after, ids=minions)
        for minion, packed in page["returns"]:
            yield minion, serial.unpack_bin(serial.as_bytes(packed))
        after = page["after"]


def unfinished(session: Session, since: float) -> list[dict[str, Any]]:
    """Return jobs since Unix time ``since`` that minions (``waiting``) have not answered."""
    return list(session.runner("jobs.unfinished", since=since))


def preview(
    session: Session, tgt: str | list[str], tgt_type: str = "glob", delimiter: str = ":"
) -> dict[str, Any]:
    """Return whom a target means: "minions", "missing", "problem", "facts" (id → Unix time)."""
    return dict(session.runner("target.preview", tgt=tgt, tgt_type=tgt_type, delimiter=delimiter))
