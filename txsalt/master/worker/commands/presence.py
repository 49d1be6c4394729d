"""
Runners that say who is there, and what is known of those who did not answer.

Nobody is asked: the daemon writes what it sees, about once a second.
"""

from typing import Any  # arguments and results are any msgpack value

from txsalt.errors import BadLoad
from txsalt.master.worker.bench import Bench
from txsalt.protocol.admission import KeyState
from txsalt.protocol.presence import NEWS_SECONDS
from txsalt.targeting.needs import Needs
from txsalt.wire import names

_STATES = {
    KeyState.ACCEPTED: "accepted",
    KeyState.PENDING: "pending",
    KeyState.REJECTED: "rejected",
    None: "none",
}
# The grains that ``details`` shows.
_SHOWN = Needs(grains=frozenset(["ipv4", "ipv6", "saltversion"]))


def status(bench: Bench, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return ids that are ``up`` and those that are ``down``, as Salt's runner does."""
    present = bench.presence.all()
    up: list[str] = []
    down: list[str] = []
    for minion_id in bench.keys.accepted_ids():
        sighting = present.get(minion_id)
        (up if sighting is not None and sighting.up else down).append(minion_id)
    return {"up": up, "down": down}


def up(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """Return the ids of accepted minions that are there."""
    return list(status(bench, arguments)["up"])


def down(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """Return the ids of accepted minions that are not there."""
    return list(status(bench, arguments)["down"])


def details(bench: Bench, arguments: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """
    Return for each accepted id: ``state`` (up, down, never), and if known ``since``, ``heard``
    (Unix times), ``address`` and ``version``.
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
        if isinstance(grains.get("saltversion"), str):
            about["version"] = grains["saltversion"]
        found[minion_id] = about
    return found


def versions(bench: Bench, arguments: dict[str, Any]) -> dict[str, str]:
    """Return the version of each accepted minion that has told its own."""
    found = details(bench, arguments).items()
    return {minion_id: about["version"] for minion_id, about in found if "version" in about}


def why(bench: Bench, arguments: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """
    Return what is known of ``ids`` that did not answer job ``jid``: jobs/reasons.py, ``Known``.

    ``returned`` marks those whose return is stored after all.
    """
    jid, ids = names.jid(arguments.get("jid")), arguments.get("ids")
    if not isinstance(ids, list):
        raise BadLoad("ids is no list")
    refusals, returned = bench.presence.refusals(jid), bench.jobs.returned_ids(jid)
    present, job = bench.presence.all(), bench.jobs.job(jid)
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
        if sighting is not None:
            about |= {"up": sighting.up, "since": sighting.since, "heard": sighting.heard}
            if not sighting.up and sighting.since == bench.started:
                about["master_age"] = max(0.0, bench.clock() - bench.started)
        found[minion_id] = about
    return found


def absent(bench: Bench, arguments: dict[str, Any]) -> list[str]:
    """
    Return who cannot have got job ``jid``: not returned, and surely not connected since before.

    Only minions of ours are seen exactly. One that was never heard counts after some seconds, as
    its first words may be under way.
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
            return is_old
        return sighting.is_surely_down and sighting.since <= job.created

    return [each for each in job.minions if each not in returned and is_absent(each)]


def _address(grains: dict[Any, Any]) -> str:
    for address in grains.get("ipv4") or grains.get("ipv6") or ():
        if isinstance(address, str) and not address.startswith(("127.", "::1")):
            return address
    return ""
