"""
Batches as workers see them: store the plan, hand the job to the daemon, say how it goes.
"""

from collections.abc import Mapping
from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import BadLoad
from txsalt.jobs.batch_plan import Plan, read_plan
from txsalt.master.store.jobs import Job
from txsalt.master.worker.bench import Bench
from txsalt.wire import job_loads, names
from txsalt.wire.job_loads import PublishRequest

_ENDERS = ("saltutil.term_job", "saltutil.kill_job")


def plan_of(request: PublishRequest, minions: int) -> Plan | None:
    """
    Return the plan that a publish request carries, None for one that goes out at once.

    Raises BadLoad for a plan that makes no sense.
    """
    wanted = request.kwargs.get("batch")
    if not isinstance(wanted, Mapping):
        return None  # stock tools make batches themselves, and may say so in their own way
    plan = read_plan(wanted)
    return plan if minions >= plan.safe_limit else None


def hand_over(bench: Bench, job: Job, plan: Plan) -> None:
    """Let the daemon publish a stored job part by part."""
    bench.batches.save(job.jid, plan, bench.clock())
    bench.out.tell_daemon("batch", jid=job.jid)


def stop(bench: Bench, arguments: dict[str, Any]) -> bool:
    """
    Let the batch ``jid`` start nobody any more, and end its job on those who run it.

    ``function`` is saltutil.term_job or saltutil.kill_job. False if it is no batch, or over.
    """
    jid, function = names.jid(arguments.get("jid")), arguments.get("function")
    if function not in _ENDERS:
        raise BadLoad(f"function is none of {', '.join(_ENDERS)}")
    if not bench.batches.halt(jid):
        return False
    bench.out.tell_daemon("batch_stop", jid=jid, function=function)
    return True


def state(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return how far the batch ``jid`` is; {} for a job that is none.

    "state": running, done, stopped or deadline; "total", "returned": numbers; "missing": reasons
    by id; "running", "waiting" (for their turn) and, once it is over, "not_started": ids;
    "deadline": seconds from the publication on, None without one.
    """
    stored = bench.batches.load(names.jid(arguments.get("jid")))
    if stored is None:
        return {}
    outcome = stored.outcome or {"state": "running", "not_started": []}
    started = {minion_id for ids in stored.parts.values() for minion_id in ids}
    over = stored.returned_well.keys() | stored.missing.keys()
    came = started | over
    waiting = [each for each in stored.job.minions if each not in came]
    return {
        "state": outcome["state"],
        "not_started": outcome["not_started"],
        "plan": stored.plan.as_map(),
        "deadline": job_loads.deadline(stored.job.load),
        "total": len(stored.job.minions),
        "running": sorted(started - over),
        "waiting": [] if stored.outcome else waiting,
        "returned": len(stored.returned_well),
        "missing": stored.missing,
    }
