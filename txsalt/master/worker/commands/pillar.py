"""
``_pillar``: compile a minion's pillar, and keep the grains that came with the question.

Source: PROTOCOL section 9.2.
"""

import logging
from typing import Any  # grains and pillar hold any msgpack value

from txsalt.errors import StoreError
from txsalt.events import tags
from txsalt.master.pillar.order import PillarOrder
from txsalt.master.store import database
from txsalt.master.store.database import Failure
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.principals import Minion
from txsalt.wire import fields

log = logging.getLogger(__name__)


def pillar(bench: Bench, minion: Minion, load: dict[str, Any]) -> dict[Any, Any]:
    """Return the pillar of the authenticated minion. Raises BadLoad without grains."""
    order = PillarOrder(
        minion_id=minion.id,
        # Else a target such as G@id:db1 would mean whoever says so.
        grains={**fields.mapping(load, "grains"), "id": minion.id},
        pillarenv=_optional_text(load, "pillarenv"),
        override=fields.mapping(load, "pillar_override", {}) if load.get("pillar_override") else {},
    )
    compiled = bench.pillar().compile(order)
    if bench.config.minion_data_cache:
        # The override is the word of one call, not what the master holds for this minion.
        plain = bench.pillar().compile(order.without_override()) if order.override else compiled
        try:
            _keep(bench, order, plain)
        except Failure as exc:
            # What is kept is for targets; a minion that gets no pillar can do nothing at all.
            problem = StoreError(database.path_in(bench.config.cachedir), str(exc))
            log.error("targets do not see the new grains of %s: %s", minion.id, problem)
    return compiled


def _keep(bench: Bench, order: PillarOrder, compiled: dict[Any, Any]) -> None:
    bench.facts.save(order.minion_id, order.grains, compiled, bench.clock())
    if bench.config.minion_data_cache_events:
        data = {"Minion data cache refresh": order.minion_id}
        bench.out.fire(tags.minion_refresh(order.minion_id), data)


def _optional_text(load: dict[str, Any], name: str) -> str | None:
    value = load.get(name)
    return value if isinstance(value, str) else None
