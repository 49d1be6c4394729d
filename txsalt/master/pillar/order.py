"""
What a pillar is compiled for.
"""

from typing import Any  # grains and pillar hold any msgpack value

from attrs import evolve, field, frozen


@frozen(kw_only=True)
class PillarOrder:
    """
    One minion's question for its pillar.

    ``minion_id`` is the authenticated id; an id in ``grains`` counts for nothing. ``pillarenv``
    None: all environments.
    """

    minion_id: str
    grains: dict[Any, Any] = field(factory=dict, repr=False)
    pillarenv: str | None = None
    override: dict[Any, Any] = field(factory=dict, repr=False)

    def without_override(self) -> "PillarOrder":
        """Return the same question without what one call put on top."""
        return evolve(self, override={})
