"""
``_mine``, ``_mine_get``, ``_mine_delete``, ``_mine_flush``.

Source: PROTOCOL section 9.5.
"""

import re
from typing import Any  # mine values are any msgpack value

from txsalt.master.mine.access import allowed_functions, unwrap
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.commands.publishing import expand_target
from txsalt.master.worker.principals import Minion
from txsalt.targeting.needs import EVERYTHING
from txsalt.wire import fields, job_loads

# A minion must not search another's pillar by pattern: it could guess it piece by piece.
_EXACT = {
    "pillar": "pillar_exact",
    "pillar_pcre": "pillar_exact",
    "compound": "compound_pillar_exact",
}
_MAX_FUNCTIONS = 100


def store(bench: Bench, minion: Minion, load: dict[str, Any]) -> bool:
    """Add to, or with ``clear`` replace, what the minion shows the others."""
    data = fields.mapping(load, "data")
    if bench.config.minion_data_cache:
        values = {alias: value for alias, value in data.items() if isinstance(alias, str)}
        bench.mine.merge(minion.id, values, clear=bool(load.get("clear")))
    return True


def get(bench: Bench, minion: Minion, load: dict[str, Any]) -> dict[str, Any]:
    """Return what the asking minion may see: by id, or by function and id if several are asked."""
    wanted, many = _functions(load.get("fun"))
    allowed = allowed_functions(bench.config.mine_get, minion.id, wanted)
    tgt_type = fields.text(load, "tgt_type", "glob")
    tgt_type = _EXACT.get(tgt_type.lower(), tgt_type.lower())
    ids = _ids(bench, load.get("tgt"), tgt_type)
    facts_of = bench.facts.lookup(EVERYTHING)
    found: dict[str, Any] = {}
    for function in allowed:
        values = {
            minion_id: value
            for minion_id, packed in bench.mine.values(function, ids).items()
            for value in unwrap(packed, minion.id, facts_of)
        }
        if not many:
            return values
        if values:
            found[function] = values
    return found


def delete(bench: Bench, minion: Minion, load: dict[str, Any]) -> bool:
    """Delete one alias of the asking minion."""
    return bench.mine.delete(minion.id, fields.text(load, "fun"))


def flush(bench: Bench, minion: Minion, load: dict[str, Any]) -> bool:
    """Delete all that the asking minion has shown."""
    bench.mine.flush(minion.id)
    return True


def _functions(value: Any) -> tuple[list[str], bool]:
    if isinstance(value, str):
        parts = [part for part in re.split(r"\s*,\s*", value.strip()) if part]
        return parts[:_MAX_FUNCTIONS], len(parts) > 1
    if isinstance(value, list):
        return [part for part in value if isinstance(part, str)][:_MAX_FUNCTIONS], True
    return [fields.text({}, "fun")], False


def _ids(bench: Bench, tgt: Any, tgt_type: str) -> list[str]:
    if not isinstance(tgt, str | list):
        fields.text({}, "tgt")
    target: job_loads.Target = tgt if isinstance(tgt, str) else [str(each) for each in tgt]
    return expand_target(bench, target, tgt_type).minions
