"""
Minions that ask others: ``minion_pub``, ``minion_publish``, ``pub_ret``, ``minion_runner``.

Nothing is allowed but what the options ``peer`` and ``peer_run`` grant.

Source: PROTOCOL section 9.7.
"""

import time
from collections.abc import Mapping
from typing import Any  # results are any msgpack value

from txsalt.errors import BadLoad
from txsalt.jobs.arguments import typed_word
from txsalt.master.worker import permissions
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import Published, publish_job
from txsalt.master.worker.commands.tools import run_runner
from txsalt.master.worker.permissions import NotAllowed
from txsalt.master.worker.principals import Minion
from txsalt.rights.patterns import fits
from txsalt.rights.rules import Rule
from txsalt.targeting.expand import Expansion
from txsalt.wire import fields, job_loads, names
from txsalt.wire.job_loads import PublishRequest

Load = dict[str, Any]

# A worker that waits serves nobody else.
_LONGEST_WAIT = 5.0  # seconds
_LOOK_EVERY = 0.05


def minion_pub(bench: Bench, minion: Minion, load: Load) -> Load:
    """Publish for a minion and answer at once whom it means."""
    published = _publish(bench, minion, load)
    if published is None or published.jid is None:
        return {}
    return {"jid": published.jid, "minions": published.minions}


def minion_publish(bench: Bench, minion: Minion, load: Load) -> Load:
    """Publish for a minion, wait some seconds, and answer what came back."""
    published = _publish(bench, minion, load)
    if published is None or published.jid is None:
        return {}
    jid, expected = published.jid, set(published.minions)
    until = time.monotonic() + _wait(load)
    while time.monotonic() < until and not expected <= bench.jobs.returned_ids(jid):
        time.sleep(_LOOK_EVERY)
    returns = bench.jobs.returns(jid)
    if load.get("form") == "full":
        return {**returns, "__jid__": jid}
    return {minion_id: each.get("return") for minion_id, each in returns.items()}


def pub_ret(bench: Bench, minion: Minion, load: Load) -> Load | str:
    """Return what has come back for a job that this minion asked for."""
    jid = names.jid(load.get("jid"))
    job = bench.jobs.job(jid)
    if job is None or job.owner is None:
        return ""
    if job.owner != minion.id:
        return {}
    returns = bench.jobs.returns(jid)
    return {minion_id: {"ret": each.get("return")} for minion_id, each in returns.items()}


def minion_runner(bench: Bench, minion: Minion, load: Load) -> Any:
    """Run a runner for a minion."""
    fun = fields.text(load, "fun")
    if "arg" not in load or not _may_run(bench.config.peer_run, minion.id, fun):
        return {}
    return run_runner(bench, fun, {"arg": _typed(load)})


def _publish(bench: Bench, minion: Minion, load: Load) -> Published | None:
    if any(name not in load for name in ("fun", "arg", "tgt", "ret")):
        raise BadLoad("fun, arg, tgt and ret are needed")
    request = job_loads.read_publish_request(
        {
            "tgt": load["tgt"],
            "fun": load["fun"],
            "arg": _typed(load),
            "tgt_type": fields.text(load, "tgt_type", "glob"),
            "ret": load["ret"] if isinstance(load["ret"], str) else "",
            "kwargs": {"id": minion.id},
        }
    )
    granted = _granted(bench.config.peer, minion.id)

    def judge(resolved: PublishRequest, expansion: Expansion) -> PublishRequest:
        calls = permissions.calls_of(request.fun, request.arg)
        decision = permissions.by_peer(bench, granted, request, calls, expansion)
        # A minion that may publish could otherwise let another one publish what it may not.
        if not decision.allowed or any(each.fun.startswith("publish.") for each in calls):
            raise NotAllowed(f"minion {minion.id}", permissions.shown(request.fun), decision.reason)
        return permissions.narrowed(resolved, expansion, decision)

    return publish_job(bench, request, user=minion.id, owner=minion.id, judge=judge)


def _granted(rules: Mapping[str, Any], minion_id: str) -> list[Rule]:
    return [
        Rule(f"peer: {ids}", entry)
        for ids, allowed in rules.items()
        if fits(ids, minion_id) and isinstance(allowed, list)
        for entry in allowed
    ]


def _may_run(rules: Mapping[str, Any], minion_id: str, fun: str) -> bool:
    return any(fits(rule.entry, fun) for rule in _granted(rules, minion_id))


def _typed(load: Load) -> list[Any]:
    arg, no_parse = load.get("arg"), load.get("no_parse")
    raw = no_parse if isinstance(no_parse, list) else []
    words = arg if isinstance(arg, list) else [arg] if arg else []
    return [
        typed_word(word) if isinstance(word, str) and word not in raw and "=" not in word else word
        for word in words
    ]


def _wait(load: Load) -> float:
    wanted = load.get("tmo", _LONGEST_WAIT)
    if not isinstance(wanted, int | float) or isinstance(wanted, bool):
        return _LONGEST_WAIT
    return min(max(float(wanted), 0.0), _LONGEST_WAIT)
