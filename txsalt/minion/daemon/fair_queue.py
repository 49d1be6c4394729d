"""
Jobs that wait for a place: each user's in the order in which they came, the users in turn.

A user who publishes a thousand jobs keeps nobody else waiting for more than one of them.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """The queue. Whose turn it is next is the user who waits longest for a turn."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._waiting: OrderedDict[str, deque[Item]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[Item]:
        """Go through them in the order in which they would start if each could."""
        rows = [list(each) for each in self._waiting.values()]
        for turn in range(max(map(len, rows), default=0)):
            yield from (row[turn] for row in rows if turn < len(row))

    def put(self, user: str, item: Item) -> None:
        """Put behind what this user has waiting."""
        self._waiting.setdefault(user, deque()).append(item)

    def take(self, may_start: Callable[[Item], bool]) -> Item | None:
        """Take the first that may start; None if there is none. What may not keeps its place."""
        for user, items in self._waiting.items():
            for item in items:
                if may_start(item):
                    items.remove(item)
                    self._turn_over(user)
                    return item
        return None

    def remove(self, item: Item) -> None:
        """Take one out, wherever it is."""
        for user, items in self._waiting.items():
            if item in items:
                items.remove(item)
                if not items:
                    del self._waiting[user]
                return

    def clear(self) -> list[Item]:
        """Take all out, in their order."""
        items = list(self)
        self._waiting.clear()
        return items

    def _turn_over(self, user: str) -> None:
        if self._waiting[user]:
            self._waiting.move_to_end(user)
        else:
            del self._waiting[user]
