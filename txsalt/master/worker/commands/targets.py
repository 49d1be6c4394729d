"""
Runners that say whom a target means, without publishing anything.
"""

from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import BadLoad
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import expand_target, resolved
from txsalt.master.worker.permissions import pillar_guess
from txsalt.protocol.presence import Sighting
from txsalt.targeting import expand
from txsalt.wire import job_loads
from txsalt.wire.job_loads import PublishRequest


def preview(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return whom ``tgt`` means: "minions", "missing", "connected", "facts" and "guessed".

    "connected" maps each minion meant to "up", "down" or "never", as far as the master knows.
    "facts" maps the id of each minion meant to the Unix time at which the master last got its
    grains, None for never. "guessed" are ids whose facts decide, and are not known. "problem" says
    what is wrong with a target that cannot be read, "" otherwise. Raises BadTarget for nodegroups,
    BadLoad for patterns of pillar values, by which these could be guessed.
    """
    request = _request(bench, arguments)
    found = _preview(bench, request, arguments)
    guess = pillar_guess(request.tgt, request.tgt_type)
    if guess and not found["problem"]:
        raise BadLoad(guess)
    return found


def preview_any(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """As ``preview``, with patterns of pillar values: for who may see these anyway."""
    return _preview(bench, _request(bench, arguments), arguments)


def _request(bench: Bench, arguments: dict[str, Any]) -> PublishRequest:
    asked = {name: arguments.get(name) for name in ("tgt", "tgt_type") if arguments.get(name)}
    return resolved(bench, job_loads.read_publish_request({"fun": "test.ping", **asked}))


def _preview(bench: Bench, request: PublishRequest, arguments: dict[str, Any]) -> dict[str, Any]:
    delimiter = str(arguments.get("delimiter") or ":")
    expansion = expand_target(bench, request.tgt, request.tgt_type, delimiter)
    present, facts = bench.presence.all(), bench.facts.seen_times(expansion.minions)
    unknown = [each for each, seen in facts.items() if seen is None]
    groups = bench.config.nodegroups
    return {
        "minions": expansion.minions,
        "missing": expansion.missing,
        "problem": expansion.problem,
        "connected": {each: _state(present.get(each)) for each in expansion.minions},
        "facts": facts,
        "guessed": expand.undecided(request.tgt, request.tgt_type, unknown, groups, delimiter),
    }


def _state(sighting: Sighting | None) -> str:
    if sighting is None:
        return "never"
    return "up" if sighting.up else "down"


def ids(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """Return the ids of all accepted minions, sorted."""
    return sorted(bench.keys.accepted_ids())
