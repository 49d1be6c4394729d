"""
Runners behind ``txsalt-cli job`` and the Python API: search stored jobs, show one, fetch returns.

Large answers come in pages, so that neither a reply nor the time of a worker grows without bound.
"""

from math import inf
from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import BadLoad
from txsalt.master.store.job_search import JobQuery, JobSummary
from txsalt.master.worker.bench import Bench
from txsalt.wire import fields, names

PAGE_BYTES = 4 * 1024 * 1024
_WITHHELD = ("ret_config", "ret_kwargs")  # options of returners may be passwords
_NOT_SHOWN = ("jid", *_WITHHELD)

Arguments = dict[str, Any]


def search(bench: Bench, arguments: Arguments) -> list[dict[str, Any]]:
    """
    Return jobs in short, newest first.

    Arguments: ``function``, ``target``, ``user`` (globs), ``minion``, ``since``, ``until`` (Unix
    times), ``limit`` (0: all), ``hide`` (a function, unless ``function`` is given).
    """
    until = _number(arguments, "until", None)
    query = JobQuery(
        function=_text(arguments, "function"),
        target=_text(arguments, "target"),
        user=_text(arguments, "user"),
        minion=_text(arguments, "minion"),
        since=_number(arguments, "since", 0.0) or 0.0,
        until=until,
        limit=int(_number(arguments, "limit", 0.0) or 0),
        hide=_text(arguments, "hide"),
    )
    return [_short(each) for each in bench.jobs.search(query)]


def show(bench: Bench, arguments: Arguments) -> dict[str, Any]:
    """
    Return one job, without what minions returned; {} for an unknown ``jid``.

    ``outcomes`` maps minion ids to [Unix time of the return, success]; ``withheld`` names what the
    job has besides, and nobody is shown. ``batch`` is the jid of which it is a part, or "".
    """
    jid = names.jid(arguments.get("jid"))
    job = bench.jobs.job(jid)
    if job is None:
        return {}
    load = {name: value for name, value in job.load.items() if name not in _NOT_SHOWN}
    outcomes = {each: list(found) for each, found in bench.jobs.outcomes(jid).items()}
    return {
        "jid": jid,
        "created": job.created,
        "owner": job.owner,
        "load": load,
        "withheld": [name for name in _WITHHELD if job.load.get(name)],
        "minions": job.minions,
        "missing": job.missing,
        "outcomes": outcomes,
        "batch": bench.batches.whole(jid),
    }


def delivery(bench: Bench, arguments: Arguments) -> dict[str, Any]:
    """Return of what ``show`` withholds that which is no secret to who commands the master."""
    job = bench.jobs.job(names.jid(arguments.get("jid")))
    config = job.load.get("ret_config") if job is not None else None
    return {"ret_config": config} if config else {}


def returns(bench: Bench, arguments: Arguments) -> dict[str, Any]:
    """
    Return one page of the returns of ``jid``: {"returns": [[id, packed load], …], "after": id}.

    ``after`` is the last id of the page before, ``ids`` limits to some minions. The answer's
    ``after`` is None with the last page. Loads are packed by ``serial.pack_bin``, untouched.
    """
    ids = arguments.get("ids")
    page: list[list[Any]] = []
    size = 0
    for minion_id, packed in bench.jobs.packed_returns(
        names.jid(arguments.get("jid")),
        _text(arguments, "after"),
        {str(each) for each in ids} if isinstance(ids, list) else None,
    ):
        size += len(packed)
        if page and size > PAGE_BYTES:
            return {"returns": page, "after": page[-1][0]}
        page.append([minion_id, packed])
    return {"returns": page, "after": None}


def unfinished(bench: Bench, arguments: Arguments) -> list[dict[str, Any]]:
    """
    Return jobs since Unix time ``since`` that not all have answered.

    ``waiting``: who has not; ``batch``: the jid of which a job is a part, or "".
    """
    since = _number(arguments, "since", 0.0) or 0.0
    return [
        {**_short(each), "waiting": ids, "batch": bench.batches.whole(each.jid)}
        for each, ids in bench.jobs.unfinished(since)
    ]


def _short(job: JobSummary) -> dict[str, Any]:
    return {name: getattr(job, name) for name in _SHORT}


_SHORT = ("jid", "created", "owner", "fun", "tgt", "user", "expected", "returned", "failed")


def _text(arguments: Arguments, name: str) -> str:
    return fields.text(arguments, name, "") if arguments.get(name) is not None else ""


def _number(arguments: Arguments, name: str, default: float | None) -> float | None:
    value = arguments.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < inf:
        raise BadLoad(f"{name} is no number")
    return float(value)
