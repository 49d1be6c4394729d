"""What is known about one minion when a target is matched against it."""

from typing import Any

from attrs import Factory, frozen


@frozen
class Facts:
    """
    One minion as targets see it.

    ``grains`` and ``pillar`` hold whatever msgpack can carry, hence ``Any``. ``shared``: the object
    stands for all minions that have the same facts, and ``id`` is that of one of them.
    """

    id: str
    grains: dict[Any, Any] = Factory(dict)
    pillar: dict[Any, Any] = Factory(dict)
    shared: bool = False
