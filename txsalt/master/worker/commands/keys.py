"""
Changes to minions' keys by commands: ``revoke_auth`` of a minion, ``key.*`` of the wheel.

Source: PROTOCOL sections 8.2, 9.8, 13.1.
"""

import fnmatch
from collections.abc import Callable, Sequence
from typing import Any  # wheel results are any msgpack value

from txsalt.events import tags
from txsalt.master.store.keys import KeyChange, entry_of
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.permissions import BY
from txsalt.master.worker.principals import Minion
from txsalt.protocol.admission import KeyState
from txsalt.wire import rsa

_ACTS = {
    KeyState.ACCEPTED: "accepted",
    KeyState.REJECTED: "rejected",
    KeyState.PENDING: "pending",
    None: "delete",
}
_LOCAL = ("master.pem", "master.pub")
Grouped = dict[str, list[str]]


def revoke_auth(bench: Bench, minion: Minion, load: dict[str, Any]) -> bool:
    """Delete the key of the minion that asks for it."""
    if not bench.config.allow_minion_key_revoke:
        return False
    changes = bench.keys.delete(minion.id, (KeyState.ACCEPTED,))
    told(bench, changes, by=f"minion {minion.id}", note="revoke_auth")
    return True


def told(bench: Bench, changes: Sequence[KeyChange], *, by: str, note: str = "") -> None:
    """Do what follows from changes of keys: log, forget, fire events, ask for another AES key."""
    if changes:
        bench.note(*(entry_of(each, bench.config.hash_type, by, note) for each in changes))
    for change in changes:
        if change.now is None and change.was is KeyState.ACCEPTED:
            bench.forget(change.id)
        act = _ACTS[change.now]
        data = {"result": True, "act": act, "id": change.id, "pub": change.pem}
        bench.out.fire(tags.KEY, data)
        if change.now in (None, KeyState.REJECTED):
            bench.key_removed(f"the key of {change.id}: {act}")


def list_all(bench: Bench, load: dict[str, Any]) -> Grouped:
    """Return the ids by state, and the names of the master's own files."""
    return {"local": list(_LOCAL), **{state.value: bench.keys.listing(state) for state in KeyState}}


def accept(bench: Bench, load: dict[str, Any]) -> Grouped:
    """Accept the pending keys that ``match``; others with ``include_rejected``, ``_denied``."""
    sources = [KeyState.PENDING]
    if load.get("include_rejected"):
        sources.append(KeyState.REJECTED)
    if load.get("include_denied"):
        sources.append(KeyState.DENIED)
    return _change(bench, load, sources, bench.keys.accept)


def reject(bench: Bench, load: dict[str, Any]) -> Grouped:
    """Reject the pending keys that ``match``; others with ``include_accepted``, ``_denied``."""
    sources = [KeyState.PENDING]
    if load.get("include_accepted"):
        sources.append(KeyState.ACCEPTED)
    if load.get("include_denied"):
        sources.append(KeyState.DENIED)
    return _change(bench, load, sources, bench.keys.reject)


def delete(bench: Bench, load: dict[str, Any]) -> Grouped:
    """Delete all keys that ``match``, whatever their state; return what is left."""
    _change(bench, load, list(KeyState), bench.keys.delete)
    return {}


def finger(bench: Bench, load: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return fingerprints of the keys that ``match``, by state; those of key bodies."""
    found: dict[str, dict[str, str]] = {}
    for state in KeyState:
        for minion_id in _matching(bench, load, state):
            pem = bench.keys.pem(minion_id, state)
            if pem is not None:
                prints = found.setdefault(state.value, {})
                prints[minion_id] = rsa.fingerprint(pem, bench.config.hash_type)
    return found


def _change(
    bench: Bench,
    load: dict[str, Any],
    sources: list[KeyState],
    change: Callable[[str, list[KeyState]], list[KeyChange]],
) -> Grouped:
    wanted = {minion_id: None for state in sources for minion_id in _matching(bench, load, state)}
    grouped: Grouped = {}
    for minion_id in wanted:
        changes = change(minion_id, sources)
        told(bench, changes, by=str(load.get(BY) or ""), note=str(load.get("note") or ""))
        for each in changes:
            if each.now is not None:
                grouped.setdefault(each.now.value, []).append(each.id)
    return grouped


def _matching(bench: Bench, load: dict[str, Any], state: KeyState) -> list[str]:
    pattern = load.get("match")
    if not isinstance(pattern, str) or not pattern:
        return []
    return [each for each in bench.keys.listing(state) if fnmatch.fnmatchcase(each, pattern)]
