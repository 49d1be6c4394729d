"""
The JSON of jobs for programs: schema 1, as docs/output.md has it.

``jsonl`` is one document a line, as things happen; ``json-v1`` is one document at the end.
"""

from typing import Any  # results are any msgpack value

from txsalt.client.steps import Job, Published
from txsalt.jobs import exit_codes
from txsalt.jobs.reasons import Reason

SCHEMA = "txsalt.job/1"


def published(job: Job | None, answer: Published) -> dict[str, Any]:
    """What was asked, and of whom."""
    about: dict[str, Any] = {"schema": SCHEMA, "kind": "published", "jid": answer.jid}
    if job is not None:
        about |= {"fun": job.fun, "arg": job.arg, "tgt": job.tgt, "tgt_type": job.tgt_type}
    return about | {"expected": answer.minions}


def returned(minion: str, load: dict[str, Any], seconds: float | None) -> dict[str, Any]:
    """What one minion returned; ``seconds`` since the job was sent, None where nobody measured."""
    good = exit_codes.succeeded(load)
    line = {
        "schema": SCHEMA,
        "kind": "return",
        "jid": load.get("jid"),
        "id": minion,
        "outcome": "succeeded" if good else "failed",
        "retcode": load.get("retcode", 0),
        "return": load.get("return"),
    }
    if load.get("out"):
        line["out"] = load["out"]
    return line if seconds is None else line | {"seconds": round(seconds, 3)}


def missing(jid: str, minion: str, reason: Reason) -> dict[str, Any]:
    """Why one minion did not return."""
    return {
        "schema": SCHEMA,
        "kind": "missing",
        "jid": jid,
        "id": minion,
        "outcome": "missing",
        **reason.as_map(),
    }


def ended(jid: str, counts: dict[str, int], exit_code: int) -> dict[str, Any]:
    """How it went for all: numbers of returned, failed and missing."""
    return {"schema": SCHEMA, "kind": "ended", "jid": jid, **counts, "exit_code": exit_code}


def document(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the one document of the lines: ``minions`` maps ids to what is known of them."""
    about: dict[str, Any] = {}
    minions: dict[str, Any] = {}
    for line in lines:
        plain = {name: value for name, value in line.items() if name not in ("schema", "kind")}
        if "id" in line:
            plain.pop("jid")
            minions[plain.pop("id")] = plain
        else:
            about |= plain
    return {"schema": SCHEMA, "kind": "job", **about, "minions": dict(sorted(minions.items()))}
