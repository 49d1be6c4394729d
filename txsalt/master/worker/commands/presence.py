"""
Runners that say who is there, and what is known of those who did not answer.

Nobody is asked: the daemon writes what it sees, about once a second.
"""

import re
from typing import Any  # arguments and results are any msgpack value

import txsalt
from txsalt.errors import BadLoad
from txsalt.master.store.jobs import Job
from txsalt.master.worker import permissions
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import expand_target, resolved
from txsalt.protocol.admission import KeyState
from txsalt.protocol.presence import NEWS_SECONDS
from txsalt.targeting import expand
from txsalt.targeting.needs import Needs
from txsalt.wire import job_loads, names

_STATES = {
    KeyState.ACCEPTED: "accepted",
    KeyState.PENDING: "pending",
    KeyState.REJECTED: "rejected",
    None: "none",
}
# The grains that ``details`` shows.
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]{3,45}")
_SHOWN = Needs(grains=frozenset(["ipv4", "ipv6", "saltversion", "txsaltversion"]))
OURS, THEIRS = "txsalt", "salt"


def status(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return ids that are ``up`` and those that are ``down``, as Salt's runner does.

    ``tgt`` and ``tgt_type``: only these.
    """
    present = bench.presence.all()
    up: list[str] = []
    down: list[str] = []
    for minion_id in _meant(bench, arguments):
        sighting = present.get(minion_id)
        (up if sighting is not None and sighting.up else down).append(minion_id)
    return {"up": up, "down": down}


def up(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """Return the ids of accepted minions that are there."""
    return list(status(bench, arguments)["up"])


def down(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """Return the ids of accepted minions that are not there."""
    return list(status(bench, arguments)["down"])


def list_state(bench: Bench, arguments: dict[str, Any]) -> list[str] | dict[str, str]:
    """Return who is there; ``subset``: only of these ids; ``show_ip``: as a map to addresses."""
    there = _within(arguments, up(bench, {}))
    if not arguments.get("show_ip"):
        return there
    known = details(bench, {})
    return {each: known[each].get("address", "") for each in there if each in known}


def list_not_state(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """Return who is not there; ``subset``: only of these ids."""
    return _within(arguments, down(bench, {}))


def details(bench: Bench, arguments: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """
    Return for each accepted id: ``state`` (up, down, never), and if known ``since``, ``heard``
    (Unix times), ``address``, and ``version`` of ``software``, which is txsalt or salt.
    """
    present = bench.presence.all()
    facts_of = bench.facts.lookup(_SHOWN)
    found: dict[str, dict[str, Any]] = {}
    for minion_id in bench.keys.accepted_ids():
        facts = facts_of(minion_id)
        grains = facts.grains if facts is not None else {}
        sighting = present.get(minion_id)
        about: dict[str, Any] = {"state": "never"}
        if sighting is not None:
            about["state"] = "up" if sighting.up else "down"
            about |= {"since": sighting.since, "heard": sighting.heard}
        address = (sighting.address if sighting is not None else "") or _address(grains)
        if address:
            about["address"] = address
        # Ours say besides which line of Salt they are compatible with.
        for software, grain in ((OURS, "txsaltversion"), (THEIRS, "saltversion")):
            if "version" not in about and isinstance(grains.get(grain), str):
                about |= {"software": software, "version": grains[grain]}
        found[minion_id] = about
    return found


def versions(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """
    Return versions by how they compare to the master's: the labels are those of Salt's runner.

    Versions of stock minions are those of another program, and stand for themselves.
    """
    found: dict[str, Any] = {"Master": txsalt.__version__}
    for minion_id, about in details(bench, {}).items():
        if about["state"] != "up":
            found.setdefault("Minion offline", {})[minion_id] = False
        elif "version" in about:
            found.setdefault(_label(about), {})[minion_id] = about["version"]
    return found


def why(bench: Bench, arguments: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """
    Return what is known of ``ids`` that did not answer job ``jid``: jobs/reasons.py, ``Known``.

    ``returned`` marks those whose return is stored after all. ``facts`` is for those of whom facts
    decide whether the target means them.
    """
    jid, ids = names.jid(arguments.get("jid")), arguments.get("ids")
    if not isinstance(ids, list):
        raise BadLoad("ids is no list")
    refusals, returned = bench.presence.refusals(jid), bench.jobs.returned_ids(jid)
    present, job = bench.presence.all(), bench.jobs.job(jid)
    facts = _facts_behind(bench, job, ids) if job is not None else {}
    found: dict[str, dict[str, Any]] = {}
    for minion_id in map(names.minion_id, ids):
        state = bench.keys.get(minion_id).state
        denied = bench.keys.pem(minion_id, KeyState.DENIED) is not None
        about: dict[str, Any] = {
            "key": "denied" if state is None and denied else _STATES[state],
            "denied": denied,
            "returned": minion_id in returned,
            "refused": refusals.get(minion_id, ""),
        }
        sighting = present.get(minion_id)
        if job is not None:
            about["sent"] = job.created
        if minion_id in facts:
            about |= {"by_facts": True, "facts": facts[minion_id]}
        if sighting is not None:
            about |= {"up": sighting.up, "since": sighting.since, "heard": sighting.heard}
            if not sighting.up and sighting.since == bench.started:
                about["master_age"] = max(0.0, bench.clock() - bench.started)
        found[minion_id] = about
    return found


def _facts_behind(bench: Bench, job: Job, ids: list[Any]) -> dict[str, float | None]:
    load, asked = job.load, {each for each in ids if isinstance(each, str)}
    guessed = expand.undecided(
        load.get("tgt") or "",
        str(load.get("tgt_type") or "glob"),
        [each for each in job.minions if each in asked],
        bench.config.nodegroups,
        str(load.get("delimiter") or ":"),
    )
    return bench.facts.seen_times(guessed) if guessed else {}


def absent(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """
    Return who cannot have got job ``jid``: not returned, and surely not connected since before.

    Only minions of ours are seen exactly. One that was never heard counts after some seconds, as
    its first words may be under way, unless it signed in: then it may have come just now.
    """
    jid = names.jid(arguments.get("jid"))
    job = bench.jobs.job(jid)
    if job is None:
        return []
    is_old = bench.clock() - job.created >= NEWS_SECONDS
    returned, present = bench.jobs.returned_ids(jid), bench.presence.all()

    def is_absent(minion_id: str) -> bool:
        sighting = present.get(minion_id)
        if sighting is None:
            return is_old and not bench.identities.is_known(minion_id)
        return sighting.is_surely_down and sighting.since <= job.created

    return [each for each in job.minions if each not in returned and is_absent(each)]


def _meant(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    tgt, tgt_type = arguments.get("tgt", "*"), arguments.get("tgt_type") or "glob"
    if (tgt, tgt_type) == ("*", "glob"):
        return bench.keys.accepted_ids()
    request = job_loads.read_publish_request({"fun": "test.ping", "tgt": tgt, "tgt_type": tgt_type})
    request = resolved(bench, request)
    # Who may run this is not asked how far the rights over pillars go.
    if problem := permissions.pillar_guess(request.tgt, request.tgt_type):
        raise BadLoad(problem)
    expansion = expand_target(bench, request.tgt, request.tgt_type, ":")
    if expansion.problem:
        raise BadLoad(expansion.problem)
    return sorted(expansion.minions)


def _within(arguments: dict[str, Any], ids: list[str]) -> list[str]:
    subset = arguments.get("subset")
    if subset is None:
        return ids
    if not isinstance(subset, str | list):
        raise BadLoad("subset is no list")
    wanted = set(subset.split(",")) if isinstance(subset, str) else set(map(str, subset))
    return [each for each in ids if each in wanted]


def _label(about: dict[str, Any]) -> str:
    if about["software"] != OURS:
        return "Stock minion"
    theirs, ours = _numbers(about["version"]), _numbers(txsalt.__version__)
    if theirs == ours:
        return "Up to date"
    return "Minion requires update" if theirs < ours else "Minion newer than master"


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"[0-9]{1,9}", version)[:4]]


def _address(grains: dict[Any, Any]) -> str:
    # Of any type: one minion's nonsense must not keep the operator from seeing the others.
    listed = [grains.get(name) for name in ("ipv4", "ipv6")]
    for address in next((each for each in listed if isinstance(each, list) and each), ()):
        if isinstance(address, str) and _is_address(address):
            return address
    return ""


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None and not text.startswith(("127.", "::1"))
