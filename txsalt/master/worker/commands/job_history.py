"""
Runners that look at stored jobs.
"""

import fnmatch
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import BadLoad, BadName
from txsalt.jobs import jid as job_ids
from txsalt.master.store.job_search import MAX_PATTERN, JobQuery
from txsalt.master.store.jobs import Job
from txsalt.master.worker.bench import Bench
from txsalt.wire import names

_FIND_JOB = "saltutil.find_job"
_DAY = 86400.0
_TIMES = ("%Y, %b %d %H:%M:%S.%f", "%Y, %b %d %H:%M:%S", "%Y, %b %d %H:%M", "%Y, %b %d")


def list_jobs(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return jobs by jid, newest last: the latest, or all that fit what is searched for.

    ``search_function``, ``search_target``: globs, a list or a text with commas; ``search_metadata``
    a map of which one entry has to fit; ``start_time``, ``end_time``: see ``_moment``.
    """
    functions, targets = (_globs(arguments, f"search_{name}") for name in ("function", "target"))
    metadata = arguments.get("search_metadata")
    since, until = (_moment(arguments, name) for name in ("start_time", "end_time"))
    if not (functions or targets or metadata or since or until):
        return {job.jid: _summary(job) for job in reversed(list(bench.jobs.latest()))}
    query = JobQuery(since=since or 0.0, until=until)
    return _found(bench, query, lambda job: _fits(job, functions, targets, metadata))


def list_job(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return one job with its results; for an unknown one "Error" says so."""
    jid = _jid(arguments)
    job = bench.jobs.job(jid)
    if job is None:
        return {"jid": jid, "Error": "no job with this id is stored", "Result": {}}
    results = {
        minion_id: {
            name: load[name] for name in ("return", "retcode", "success", "out") if name in load
        }
        for minion_id, load in bench.jobs.returns(jid).items()
    }
    return {"jid": jid, **_summary(job), "Minions": job.minions, "Result": results}


def lookup_jid(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return what each minion has returned for a job.

    ``returned`` False leaves those out, ``missing`` True names who has not. Returns that name an
    outputter come as {"outputter": name, "data": returns}.
    """
    jid = _jid(arguments)
    returns = bench.jobs.returns(jid)
    found = {}
    if arguments.get("returned", True):
        found = {minion_id: load.get("return") for minion_id, load in returns.items()}
    if arguments.get("missing"):
        job = bench.jobs.job(jid)
        silent = [each for each in job.minions if each not in returns] if job is not None else []
        found |= dict.fromkeys(silent, "Minion did not return")
    outputter = next((load.get("out") for load in returns.values()), None)
    return {"outputter": outputter, "data": found} if outputter else found


def print_job(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return one job with its results, by its jid."""
    return {_jid(arguments): list_job(bench, arguments)}


def exit_success(bench: Bench, arguments: dict[str, Any]) -> dict[str, bool]:
    """Return for each minion of a job whether it has returned, and that it went well."""
    jid = _jid(arguments)
    job = bench.jobs.job(jid)
    expected = dict.fromkeys(job.minions if job is not None else (), False)
    outcomes = bench.jobs.outcomes(jid)
    return {**expected, **{minion_id: well for minion_id, (_, well) in outcomes.items()}}


def list_jobs_filter(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return the latest ``count`` jobs by jid, newest last, without those that ask after jobs.

    ``filter_find_job`` False leaves the latter in.
    """
    count = arguments.get("count")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise BadLoad("count is no number of jobs")
    hide = _FIND_JOB if arguments.get("filter_find_job", True) else ""
    return _found(bench, JobQuery(limit=count, hide=hide))


def last_run(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any] | bool:
    """Return the newest job that fits ``function``, ``target`` and ``metadata``; False for none."""
    functions, targets = (_globs(arguments, name) for name in ("function", "target"))
    metadata = arguments.get("metadata")
    query = JobQuery(hide=_FIND_JOB)
    found = _found(bench, query, lambda job: _fits(job, functions, targets, metadata), limit=1)
    return {jid: list_job(bench, {"jid": jid}) for jid in found} or False


def master(bench: Bench, arguments: dict[str, Any]) -> list[Any]:
    """Return the runners that run now: none, since each ends before the next request is taken."""
    return []


def active(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return the jobs of the last day that wait for minions which are there, by jid.

    Nobody is asked: "Running" maps each such minion to None, as its process is not known. A batch
    stands under its own jid, which knows who was given up; its parts do not.
    """
    up = {each for each, sighting in bench.presence.all().items() if sighting.up}
    found = {}
    for summary, waiting in bench.jobs.unfinished(bench.clock() - _DAY):
        job = bench.jobs.job(summary.jid)
        running = [{each: None} for each in _begun(bench, summary.jid, waiting) if each in up]
        if running and job is not None and summary.fun != _FIND_JOB:
            returned = sorted(bench.jobs.returned_ids(summary.jid))
            found[summary.jid] = {**_summary(job), "Running": running, "Returned": returned}
    return found


def _begun(bench: Bench, jid: str, waiting: list[str]) -> list[str]:
    """Leave out who has no turn in a batch yet, or will never have one; parts have nobody."""
    batch = bench.batches.load(jid)
    if batch is None:
        return [] if bench.batches.whole(jid) else waiting
    started = {minion_id for ids in batch.parts.values() for minion_id in ids}
    runs = set() if batch.outcome else started - batch.missing.keys()
    return [each for each in waiting if each in runs]


def _found(
    bench: Bench, query: JobQuery, fits: Callable[[Job], bool] = lambda _: True, limit: int = 0
) -> dict[str, Any]:
    found: list[Job] = []
    for each in bench.jobs.search(query):
        job = bench.jobs.job(each.jid)
        if job is not None and fits(job):
            found.append(job)
            if len(found) == limit:
                break
    return {job.jid: _summary(job) for job in reversed(found)}


def _fits(job: Job, functions: list[str], targets: list[str], metadata: Any) -> bool:
    fun, tgt = job.load.get("fun"), job.load.get("tgt")
    if functions and not _any_fits([fun] if isinstance(fun, str) else fun, functions):
        return False
    if targets and not _any_fits([tgt] if isinstance(tgt, str) else tgt, targets):
        return False
    if not metadata:
        return True
    known = _metadata(job)
    return isinstance(metadata, dict) and any(
        name in known and known[name] == value for name, value in metadata.items()
    )


def _any_fits(values: object, globs: list[str]) -> bool:
    texts = [each for each in values if isinstance(each, str)] if isinstance(values, list) else []
    return any(fnmatch.fnmatchcase(text, glob) for text in texts for glob in globs)


def _globs(arguments: dict[str, Any], name: str) -> list[str]:
    value = arguments.get(name) or []
    globs = value.split(",") if isinstance(value, str) else value
    if not isinstance(globs, list) or not all(isinstance(each, str) for each in globs):
        raise BadLoad(f"{name} is no list of globs")
    if any(len(each) > MAX_PATTERN for each in globs):
        raise BadLoad(f"{name} is too long")
    return [each.strip() for each in globs]


def _moment(arguments: dict[str, Any], name: str) -> float | None:
    """Read a time: a jid, ISO 8601, or as StartTime is written, in UTC as that; or Unix time."""
    value = arguments.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = str(value)
    try:
        return job_ids.parse(text).timestamp()
    except BadName:
        pass
    for read in (_iso, *map(_in_form, _TIMES)):
        try:
            found = read(text)
        except ValueError:
            continue
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    raise BadLoad(f"{name} is no time: say it like 2026-11-23T05:00, or like StartTime")


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _in_form(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)


def _jid(arguments: dict[str, Any]) -> str:
    value = arguments.get("jid")
    if value is None:
        raise BadLoad("a jid is needed")
    return names.jid(value)


def _metadata(job: Job) -> dict[Any, Any]:
    found = job.load.get("metadata") or (job.load.get("kwargs") or {}).get("metadata")
    return found if isinstance(found, dict) else {}


def _summary(job: Job) -> dict[str, Any]:
    load, metadata = job.load, _metadata(job)
    return {
        "Function": load.get("fun"),
        "Arguments": load.get("arg", []),
        "Target": load.get("tgt"),
        "Target-type": load.get("tgt_type"),
        "User": load.get("user", ""),
        "StartTime": _start(job),
        **({"Metadata": metadata} if metadata else {}),
    }


def _start(job: Job) -> str:
    try:
        return job_ids.parse(job.jid).strftime(_TIMES[0])
    except BadName:
        return datetime.fromtimestamp(job.created).astimezone().isoformat()
