"""
Runners that look at stored jobs.
"""

from datetime import datetime
from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import BadLoad, BadName
from txsalt.jobs import jid as job_ids
from txsalt.master.store.job_search import JobQuery
from txsalt.master.store.jobs import Job
from txsalt.master.worker.bench import Bench
from txsalt.wire import names

_FIND_JOB = "saltutil.find_job"
_DAY = 86400.0


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


def print_job(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return one job with its results, by its jid."""
    return {_jid(arguments): list_job(bench, arguments)}


def exit_success(bench: Bench, arguments: dict[str, Any]) -> dict[str, bool]:
    """Return whether it went well, for each minion that has returned."""
    outcomes = bench.jobs.outcomes(_jid(arguments))
    return {minion_id: well for minion_id, (_, well) in outcomes.items()}


def list_jobs_filter(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the latest ``count`` jobs by jid, newest last, without those that ask after jobs."""
    count = _argument(arguments, "count")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise BadLoad("count is no number of jobs")
    return _found(bench, JobQuery(limit=count, hide=_FIND_JOB))


def last_run(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the newest job, of ``function`` on ``target`` (globs) if they are given; else {}."""
    function, target = (str(arguments.get(name) or "") for name in ("function", "target"))
    query = JobQuery(limit=1, hide=_FIND_JOB, function=function, target=target)
    found = _found(bench, query)
    return {jid: list_job(bench, {"jid": jid}) for jid in found}


def active(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return the jobs of the last day that wait for minions which are there, by jid.

    Nobody is asked: "Running" maps each such minion to None, as its process is not known.
    """
    up = {each for each, sighting in bench.presence.all().items() if sighting.up}
    found = {}
    for summary, waiting in bench.jobs.unfinished(bench.clock() - _DAY):
        job = bench.jobs.job(summary.jid)
        running = [{each: None} for each in waiting if each in up]
        if running and job is not None and summary.fun != _FIND_JOB:
            returned = sorted(bench.jobs.returned_ids(summary.jid))
            found[summary.jid] = {**_summary(job), "Running": running, "Returned": returned}
    return found


def _found(bench: Bench, query: JobQuery) -> dict[str, Any]:
    jids = [each.jid for each in bench.jobs.search(query)]
    return {jid: _summary(job) for jid in reversed(jids) if (job := bench.jobs.job(jid))}


def _jid(arguments: dict[str, Any]) -> str:
    value = _argument(arguments, "jid")
    if value is None:
        raise BadLoad("a jid is needed")
    return names.jid(value)


def _argument(arguments: dict[str, Any], name: str) -> Any:
    positional = arguments.get("arg") or []
    return arguments.get(name, positional[0] if positional else None)


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
