"""
Say why minions did not answer a job.

Interactions: the caller has asked the silent ones once (``saltutil.find_job``), and gives what
they said; the master is asked once for what it knows of all of them.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any  # what minions say is any msgpack value

from txsalt.client import records
from txsalt.client.session import Session
from txsalt.client.steps import Job, NobodyMatches
from txsalt.errors import BadName, LocalError, RemoteError
from txsalt.events import tags
from txsalt.jobs import gather, reasons
from txsalt.jobs import jid as jids
from txsalt.jobs.reasons import Known, Reason
from txsalt.light import field, frozen

FATE = "txsalt"  # the field of a find_job return in which our minions say more
_SILENCE = (gather.NO_ANSWER, gather.NOT_RUNNING, gather.ABSENT)


@frozen(kw_only=True)
class Explained:
    """Reasons by id; ``late`` are returns that the master has after all."""

    reasons: dict[str, Reason]
    late: dict[str, dict[str, Any]] = field(factory=dict)


def explain(
    session: Session, jid: str, missing: Mapping[str, str], fates: Mapping[str, Any]
) -> Explained:
    """
    Find the reason for each of ``missing``, which maps ids to why the wait ended.

    ``fates`` maps those that answered the question to what they said, None for a bare answer.
    A master that cannot be asked now leaves what the minions said.
    """
    if not missing:
        return Explained(reasons={})
    try:
        known = session.runner("jobs.why", jid=jid, ids=sorted(missing))
        returned = [each for each in missing if known.get(each, {}).get("returned")]
        late = dict(records.returns(session, jid, returned)) if returned else {}
    except (LocalError, RemoteError):
        known, late = {}, {}
    found = {
        minion_id: reasons.decide(
            minion_id,
            Known.from_map(known.get(minion_id, {})),
            fates.get(minion_id),
            answered=minion_id in fates,
            note="" if text in _SILENCE else text,
        )
        for minion_id, text in missing.items()
        if minion_id not in late
    }
    return Explained(reasons=found, late=late)


def ask_why(
    session: Session, jid: str, silent: list[str], unknown: list[str], wait: float
) -> dict[str, Reason]:
    """
    Ask ``silent`` minions once and at once what became of a job; return reasons by id.

    ``unknown`` have no accepted key and are not asked. Waits at most ``wait`` seconds. Raises
    KeyFileError, MasterUnreachable or RequestRefused.
    """
    fates: dict[str, dict[str, Any] | None] = {}
    if silent:
        probe = session.new_jid()
        job = Job(tgt=silent, tgt_type="list", fun="saltutil.find_job", arg=[jid])
        with session.following(tags.job_return_prefix(probe)) as bus:
            with suppress(NobodyMatches):
                session.publish(job, probe)
            until = time.monotonic() + wait
            while len(fates) < len(silent) and (left := until - time.monotonic()) > 0:
                heard = bus.receive(left)
                if heard is not None and heard[1].get("jid") == probe:
                    fates[str(heard[1].get("id"))] = fate_in(heard[1])
    missing = dict.fromkeys([*silent, *unknown], gather.NO_ANSWER)
    return explain(session, jid, missing, fates).reasons


def of_unknown(session: Session, ids: Sequence[str]) -> dict[str, Reason] | None:
    """Say why jobs do not reach ids without an accepted key; None where the master does not."""
    try:
        known = session.runner("jobs.why", jid=session.new_jid(), ids=list(ids))
    except (LocalError, RemoteError):
        return None
    return {
        each: reasons.decide(each, Known.from_map(known.get(each, {})), None, answered=False)
        for each in ids
    }


def fate_in(load: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a minion said in its return of ``saltutil.find_job``; None for a bare {}."""
    fate, record = load.get(FATE), load.get("return")
    if isinstance(fate, dict):
        return fate
    if not isinstance(record, dict) or not record:
        return None
    # A stock minion does not say since when; jobs start when they are sent, or soon after.
    try:
        sent = jids.parse(str(record.get("jid"))).timestamp()
    except BadName:
        return {"state": "running", "seconds": 0.0}
    return {"state": "running", "seconds": round(max(0.0, time.time() - sent), 1)}
