"""
Publish a job: whom it means, its id, then store, event, publication, in this order.

Used by the command line's ``publish`` and by minions that may ask others.

Source: PROTOCOL sections 10.3, 11.2, 13.1.
"""

import logging
from collections.abc import Callable
from typing import Any  # loads are maps of any msgpack value

from attrs import field, frozen

from txsalt.errors import BadLoad, BadName, BadTarget, Replayed
from txsalt.events import tags
from txsalt.jobs.batch_plan import Plan
from txsalt.light import evolve
from txsalt.master.store.jobs import Job
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands import batches
from txsalt.protocol.admission import KeyState
from txsalt.protocol.publication import named_targets
from txsalt.targeting import expand, needs, nodegroups, ranges
from txsalt.targeting.expand import Expansion
from txsalt.targeting.needs import NOTHING
from txsalt.wire import job_loads, names
from txsalt.wire.job_loads import PublishRequest

# Workers number jobs by the same clock, so two may collide; a third time means a broken store.
_TRIES = 100
_FEW = 10  # ids that are looked up one by one
_BY_ID = ("glob", "pcre", "list")

log = logging.getLogger(__name__)

Judge = Callable[[PublishRequest, Expansion], PublishRequest]


@frozen(kw_only=True)
class Published:
    """A job that is on its way, and whom it means; ``problem`` says why there is none."""

    jid: str | None = None
    minions: list[str] = field(factory=list)
    missing: list[str] = field(factory=list)
    problem: str = ""


@frozen(kw_only=True)
class Order:
    """A job that may be published, and is not stored yet."""

    job: Job
    plan: Plan | None
    chosen_jid: str
    topics: list[str] | None


def publish_job(
    bench: Bench,
    request: PublishRequest,
    *,
    user: str,
    owner: str | None = None,
    judge: Judge | None = None,
) -> Published:
    """Publish what is asked for: see ``order``."""
    found = order(bench, request, user=user, owner=owner, judge=judge)
    if isinstance(found, Published):
        return found
    return tell(bench, [store(bench, found)])[0]


def order(
    bench: Bench,
    request: PublishRequest,
    *,
    user: str,
    owner: str | None = None,
    judge: Judge | None = None,
) -> Order | Published:
    """
    Work out whom a job means. ``owner`` is the minion that asks, None for a local user.

    ``judge`` gets the request and whom it means, and returns what may be published or raises.
    """
    try:
        request = resolved(bench, request)
    except BadTarget as exc:
        return Published(problem=str(exc))
    expansion = expand_target(
        bench, request.tgt, request.tgt_type, str(request.kwargs.get("delimiter") or ":")
    )
    if judge is not None:
        # Also for nobody: who may not ask shall not learn whether a target means anybody.
        request = judge(request, expansion)
    if not expansion.minions:
        reason = f": {expansion.problem}" if expansion.problem else ""
        problem = f"Master could not resolve minions for target {request.tgt}{reason}"
        return Published(problem=problem, missing=_named(bench, request, expansion))
    try:
        plan = batches.plan_of(request, len(expansion.minions))
        job = _new_job(bench, request, expansion, user, owner)
    except BadLoad as exc:
        return Published(problem=exc.reason)
    topics = _topics(bench, request, expansion)
    return Order(job=job, plan=plan, chosen_jid=request.jid, topics=topics)


def store(bench: Bench, ordered: Order) -> Order | Published:
    """
    Store a job; unless its jid was chosen by somebody, it gets another if it is taken.

    A chosen ``jid`` that was used before is refused: minions would ignore the job.
    """
    job, with_secrets = ordered.job, ordered.plan is not None
    for _ in range(_TRIES):
        try:
            bench.jobs.save_job(job, with_secrets=with_secrets)
            return evolve(ordered, job=job)
        except Replayed:
            if ordered.chosen_jid:
                problem = f"Job id {job.jid} was used before; choose another one."
                return Published(problem=problem)
        jid = bench.new_jid()
        job = evolve(job, jid=jid, load={**job.load, "jid": jid})
    raise Replayed


def tell(bench: Bench, stored: list[Order | Published]) -> list[Published]:
    """Fire the events of jobs that are stored, then publish them; all of them together."""
    with bench.out.together():
        return [each if isinstance(each, Published) else _tell(bench, each) for each in stored]


def _tell(bench: Bench, stored: Order) -> Published:
    job, plan, load = stored.job, stored.plan, stored.job.load
    # Arguments may be secrets.
    user, minions = load["user"] or "somebody", len(job.minions)
    log.info("job %s: %s runs %s (minions: %d)", job.jid, user, load["fun"], minions)
    _fire_new(bench, job)
    if plan is None:
        bench.out.fire(tags.job_publish(job.jid), job_loads.without_secrets(load))
        bench.out.publish(load, stored.topics)
    else:
        batches.hand_over(bench, job, plan)
    return Published(jid=job.jid, minions=job.minions, missing=job.missing)


def expand_target(
    bench: Bench, tgt: job_loads.Target, tgt_type: str, delimiter: str = ":"
) -> Expansion:
    """Return whom of the accepted minions a target means."""
    needed = needs.of_target(tgt, tgt_type, bench.config.nodegroups, delimiter)
    # Who looks at ids alone asks for no facts, and reads none.
    facts_of = _no_facts if needed == NOTHING else bench.facts.lookup(needed)
    ids = _candidates(bench, tgt, tgt_type)
    return expand.expected(tgt, tgt_type, ids, facts_of, bench.config.nodegroups, delimiter)


def _candidates(bench: Bench, tgt: job_loads.Target, tgt_type: str) -> list[str]:
    # A job for one of many minions must not look through all of them.
    named = named_targets({"tgt": tgt, "tgt_type": tgt_type})
    if named is None or len(named) > _FEW:
        return bench.keys.accepted_ids()
    texts = {each for each in named if isinstance(each, str)}
    return sorted(filter(bench.keys.is_accepted, texts))


def _no_facts(_: str) -> None:
    return None


def resolved(bench: Bench, request: PublishRequest) -> PublishRequest:
    """Return the request as minions understand its target. Raises BadTarget."""
    # Minions know no nodegroups and no ranges, and match a list only if it comes as one.
    tgt, tgt_type = nodegroups.as_compound(request.tgt, request.tgt_type)
    if tgt_type == "compound":
        text = tgt if isinstance(tgt, str) else " ".join(tgt)
        return evolve(request, tgt=_without_groups(bench, text), tgt_type=tgt_type)
    if request.tgt_type == "range" and isinstance(tgt, str):
        return evolve(request, tgt=ranges.ids_of(tgt, bench.ranges()), tgt_type="list")
    if request.tgt_type == "list" and isinstance(tgt, str):
        return evolve(request, tgt=[each.strip() for each in tgt.split(",") if each.strip()])
    return request


def _without_groups(bench: Bench, text: str) -> str:
    return ranges.resolve(nodegroups.resolve(text, bench.config.nodegroups), bench.ranges())


def _named(bench: Bench, request: PublishRequest, expansion: Expansion) -> list[str]:
    # Who asks for one minion by its id can be told that its key waits or was rejected.
    if request.tgt_type == "glob" and isinstance(request.tgt, str):
        try:
            minion_id = names.minion_id(request.tgt)
        except BadName:
            return []
        return [minion_id] if any(bench.keys.pem(minion_id, each) for each in KeyState) else []
    return expansion.missing


def _new_job(
    bench: Bench, request: PublishRequest, expansion: Expansion, user: str, owner: str | None
) -> Job:
    jid = request.jid or bench.new_jid()
    return Job(
        jid=jid,
        created=bench.clock(),
        load=job_loads.publication_load(request, jid=jid, user=user),
        minions=expansion.minions,
        missing=expansion.missing,
        owner=owner,
    )


def _fire_new(bench: Bench, job: Job) -> None:
    load = job.load
    data: dict[str, Any] = {
        name: load[name] for name in ("jid", "tgt_type", "tgt", "user", "fun", "arg")
    }
    data.update(minions=job.minions, missing=job.missing)
    bench.out.fire(tags.job_new(job.jid), data)


def _topics(bench: Bench, request: PublishRequest, expansion: Expansion) -> list[str] | None:
    if not bench.config.zmq_filtering or request.tgt_type not in _BY_ID:
        return None
    return expansion.minions
