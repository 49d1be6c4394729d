"""
Runners that say whom a target means, without publishing anything.
"""

from typing import Any  # arguments and results are any msgpack value

from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import expand_target, resolved
from txsalt.wire import job_loads


def preview(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return whom ``tgt`` of ``tgt_type`` means: "minions", "missing", and "facts".

    "facts" maps the id of each minion meant to the Unix time at which the master last got its
    grains, None for never: the master then only guesses that it is meant. "problem" says what is
    wrong with a target that cannot be read, "" otherwise. Raises BadTarget for nodegroups.
    """
    delimiter = str(arguments.get("delimiter") or ":")
    asked = {name: arguments.get(name) for name in ("tgt", "tgt_type") if arguments.get(name)}
    request = resolved(bench, job_loads.read_publish_request({"fun": "test.ping", **asked}))
    expansion = expand_target(bench, request.tgt, request.tgt_type, delimiter)
    return {
        "minions": expansion.minions,
        "missing": expansion.missing,
        "problem": expansion.problem,
        "facts": bench.facts.seen_times(expansion.minions),
    }


def ids(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """Return the ids of all accepted minions, sorted."""
    return sorted(bench.keys.accepted_ids())
