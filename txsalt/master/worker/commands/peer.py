"""
Minions that ask others: ``minion_pub``, ``minion_publish``, ``pub_ret``, ``minion_runner``.

Nothing is allowed but what the options ``peer`` and ``peer_run`` grant.

Source: PROTOCOL section 9.7.
"""

import re
import time
from collections.abc import Mapping
from typing import Any  # results are any msgpack value

from txsalt.errors import BadLoad
from txsalt.jobs.arguments import typed_word
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import Published, publish_job
from txsalt.master.worker.commands.tools import run_runner
from txsalt.master.worker.principals import Minion
from txsalt.wire import fields, job_loads, names

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
    if "arg" not in load or not _may(bench.config.peer_run, minion.id, [fun]):
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
    functions = request.fun if isinstance(request.fun, list) else request.fun.split(",")
    if not _may(bench.config.peer, minion.id, functions):
        return None
    return publish_job(bench, request, user=minion.id, owner=minion.id)


def _may(rules: Mapping[str, Any], minion_id: str, functions: list[str]) -> bool:
    patterns = [
        pattern
        for ids, allowed in rules.items()
        if _fits(ids, minion_id) and isinstance(allowed, list)
        for pattern in allowed
    ]
    # A minion that may publish could otherwise let another one publish what it may not.
    return bool(functions) and all(
        not function.strip().startswith("publish.")
        and any(_fits(pattern, function.strip()) for pattern in patterns)
        for function in functions
    )


def _fits(pattern: object, text: str) -> bool:
    if not isinstance(pattern, str) or len(text) > names.MAX_ID_BYTES:
        return False
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False


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
