"""Who is next."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.daemon.fair_queue import FairQueue


def anybody(_: object) -> bool:
    return True


def drained(queue: FairQueue[str], may_start: Callable[[str], bool] = anybody) -> list[str]:
    found = []
    while (item := queue.take(may_start)) is not None:
        found.append(item)
    return found


class FairQueueTests(SynchronousTestCase):
    """Items are named after their users."""

    def filled(self, words: str) -> FairQueue[str]:
        queue: FairQueue[str] = FairQueue()
        for word in words.split():
            queue.put(word[0], word)
        return queue

    def test_turns(self) -> None:
        """
        Users take turns; each one's items keep their order.
        """
        self.assertEqual(
            drained(self.filled("a1 a2 a3 b1 c1 c2")), ["a1", "b1", "c1", "a2", "c2", "a3"]
        )

    def test_newcomer(self) -> None:
        """
        A user who comes late waits for one item of each other, not for all.
        """
        queue = self.filled("a1 a2 a3 b1 b2 b3")
        self.assertEqual(queue.take(anybody), "a1")
        queue.put("c", "c1")
        self.assertEqual(drained(queue), ["b1", "a2", "c1", "b2", "a3", "b3"])

    def test_held_back(self) -> None:
        """
        What may not start keeps its place, and others go by.
        """
        queue = self.filled("a1 a2 b1")
        self.assertEqual(drained(queue, lambda item: item != "a1"), ["a2", "b1"])
        self.assertEqual(drained(queue), ["a1"])

    def test_remove(self) -> None:
        """
        One that was taken out is not there any more, whoever's it was.
        """
        queue = self.filled("a1 b1 b2")
        queue.remove("a1")
        queue.remove("b2")
        queue.remove("b2")
        self.assertEqual((len(queue), queue.clear(), len(queue)), (1, ["b1"], 0))

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.integers())))
    def test_order_shown_is_order_taken(self, items: list[tuple[str, int]]) -> None:
        """
        The order that is shown is the one in which all start.
        """
        queue: FairQueue[str] = FairQueue()
        for number, (user, _) in enumerate(items):
            queue.put(user, f"{user}{number}")
        shown = list(queue)
        self.assertEqual(len(queue), len(items))
        self.assertEqual(drained(queue), shown)
