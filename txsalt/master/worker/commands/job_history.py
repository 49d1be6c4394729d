"""
Runners that look at stored jobs.
"""

from datetime import datetime
from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import BadLoad, BadName
from txsalt.jobs import jid as job_ids
from txsalt.master.store.jobs import Job
from txsalt.master.worker.bench import Bench
from txsalt.wire import names


def list_jobs(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the latest jobs by jid, newest last."""
    return {job.jid: _summary(job) for job in reversed(list(bench.jobs.latest()))}


def list_job(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return one job with its results; {} for an unknown one."""
    jid = _jid(arguments)
    job = bench.jobs.job(jid)
    if job is None:
        return {}
    results = {
        minion_id: {
            name: load[name] for name in ("return", "retcode", "success", "out") if name in load
        }
        for minion_id, load in bench.jobs.returns(jid).items()
    }
    return {"jid": jid, **_summary(job), "Minions": job.minions, "Result": results}


def lookup_jid(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what each minion has returned for a job."""
    returns = bench.jobs.returns(_jid(arguments))
    return {minion_id: load.get("return") for minion_id, load in returns.items()}


def _jid(arguments: dict[str, Any]) -> str:
    positional = arguments.get("arg") or []
    value = arguments.get("jid", positional[0] if positional else None)
    if value is None:
        raise BadLoad("a jid is needed")
    return names.jid(value)


def _summary(job: Job) -> dict[str, Any]:
    load = job.load
    return {
        "Function": load.get("fun"),
        "Arguments": load.get("arg", []),
        "Target": load.get("tgt"),
        "Target-type": load.get("tgt_type"),
        "User": load.get("user", ""),
        "StartTime": _start(job),
    }


def _start(job: Job) -> str:
    try:
        return job_ids.parse(job.jid).strftime("%Y, %b %d %H:%M:%S.%f")
    except BadName:
        return datetime.fromtimestamp(job.created).astimezone().isoformat()
