"""What is known about one minion when a target is matched against it."""

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from attrs import Factory, frozen


@frozen(slots=False)  # made in half of the time: ten thousand for one target
class Facts:
    """
    One minion as targets see it.

    ``grains`` and ``pillar`` hold whatever msgpack can carry, hence ``Any``.
    """

    id: str
    grains: dict[Any, Any] = Factory(dict)
    pillar: dict[Any, Any] = Factory(dict)


FactsOf = Callable[[str], Facts | None]
Source = Literal["grains", "pillar"]
Answer = TypeVar("Answer")


@runtime_checkable
class FactsOfMany(Protocol):
    """Facts of many minions, of which many have the same; a ``FactsOf`` that also judges them."""

    def __call__(self, minion_id: str) -> Facts | None:
        """Return the facts of one minion, None if they are not known."""

    def judged(
        self, source: Source, name: str, judge: Callable[[dict[Any, Any]], Answer]
    ) -> Callable[[str], Answer | None]:
        """
        Return what tells of an id what ``judge`` says, None if the facts are not known.

        ``judge`` gets a map of the entry with this name, empty if there is none, and is asked once
        for all minions that have the same there.
        """
