"""
What a pillar is compiled for, and by which rules.
"""

from collections.abc import Mapping
from typing import Any  # grains and pillar hold any msgpack value

from attrs import evolve, field, frozen

from txsalt.master.pillar.sources import Rules


@frozen(kw_only=True)
class PillarOptions:
    """
    The operator's rules, Salt's options of similar names.

    ``pillarenv`` None: all environments. ``overwrite``: environments replace each other's top
    level keys instead of being merged. ``hide_errors``: minions are not told why a file failed.
    ``rules`` say how files are rendered.
    """

    nodegroups: Mapping[str, Any] = field(factory=dict)
    pillarenv: str | None = None
    merge_lists: bool = False
    overwrite: bool = False
    includes_win: bool = False
    hide_errors: bool = True
    rules: Rules = field(factory=Rules)


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
