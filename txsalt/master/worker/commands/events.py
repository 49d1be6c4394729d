"""
``_minion_event``: events that minions fire on the master's bus.

Only tags of an allow-list, with the sender's own id where a tag names one, in all three forms: one
event, a batch, and a batch with a prefix.

Source: PROTOCOL sections 9.6, 13.2.
"""

from typing import Any  # event data is any msgpack value

from txsalt.events import tags
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.principals import Minion

# Of one request: millions fit into it, and each costs memory in all processes that it goes through.
_MOST = 10_000
_HIDDEN = ("nonce", "tok", "sig")


def fire_events(bench: Bench, minion: Minion, load: dict[str, Any]) -> None:
    """Fire what is allowed; the rest is counted and left out."""
    if isinstance(load.get("events"), list):
        left_out = len(load["events"]) - _MOST
        if left_out > 0:
            bench.refusals.note("events", f"{left_out} of {minion.id}: more than {_MOST} at once")
        for entry in load["events"][:_MOST]:
            _fire_entry(bench, minion, entry, load.get("pretag"))
    elif "tag" in load and "data" in load:
        data = {name: value for name, value in load.items() if name not in _HIDDEN}
        _fire(bench, minion, load["tag"], {**data, "id": minion.id})


def _fire_entry(bench: Bench, minion: Minion, entry: Any, pretag: Any) -> None:
    if not isinstance(entry, dict) or "tag" not in entry:
        bench.refusals.note("event without tag", f"of {minion.id}")
        return
    data = entry.get("data", entry)
    tag = entry["tag"]
    if isinstance(pretag, str) and pretag and isinstance(tag, str):
        _fire(bench, minion, f"{pretag.rstrip('/')}/{tag}", data)
    _fire(bench, minion, tag, data)


def _fire(bench: Bench, minion: Minion, tag: Any, data: Any) -> None:
    if not isinstance(tag, str) or not tags.minion_may_fire(minion.id, tag):
        bench.refusals.note("event tag", f"{tag!r:.100} of {minion.id}")
        return
    told = data if isinstance(data, dict) else {"data": data}
    if told.get("id", minion.id) != minion.id and tags.is_about_minion(tag):
        told = {**told, "id": minion.id}  # in a batch the data are its own word
    bench.out.fire(tag, told)
