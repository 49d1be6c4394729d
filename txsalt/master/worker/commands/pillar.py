"""
``_pillar``: compile a minion's pillar, and keep the grains that came with the question.

Source: PROTOCOL section 9.2.
"""

from typing import Any  # grains and pillar hold any msgpack value

from txsalt.events import tags
from txsalt.master.pillar.order import PillarOrder
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.principals import Minion
from txsalt.wire import fields


def pillar(bench: Bench, minion: Minion, load: dict[str, Any]) -> dict[Any, Any]:
    """Return the pillar of the authenticated minion. Raises BadLoad without grains."""
    order = PillarOrder(
        minion_id=minion.id,
        grains=fields.mapping(load, "grains"),
        pillarenv=_optional_text(load, "pillarenv"),
        override=fields.mapping(load, "pillar_override", {}) if load.get("pillar_override") else {},
    )
    compiled = bench.pillar().compile(order)
    if bench.config.minion_data_cache:
        # The override is the word of one call, not what the master holds for this minion.
        plain = bench.pillar().compile(order.without_override()) if order.override else (compiled)
        bench.facts.save(minion.id, order.grains, plain, bench.clock())
        if bench.config.minion_data_cache_events:
            data = {"Minion data cache refresh": minion.id}
            bench.out.fire(tags.minion_refresh(minion.id), data)
    return compiled


def _optional_text(load: dict[str, Any], name: str) -> str | None:
    value = load.get(name)
    return value if isinstance(value, str) else None
