"""Whose turn it is in a batch that somebody watches."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.client.batch_turns import Turns
from txsalt.client.steps import Waiting
from txsalt.jobs.gather import ABSENT, NO_ANSWER


def state(running: list[str], waiting: list[str], **missing: str) -> dict[str, Any]:
    return {"state": "running", "running": running, "waiting": waiting, "missing": missing}


class TurnsTests(SynchronousTestCase):
    def test_from_the_beginning(self) -> None:
        """
        A batch of ten with -b 2 has nobody at work at first, then two, and sends as some end.
        """
        ids = [f"m{number}" for number in range(10)]
        turns = Turns.of(10, state([], ids))
        self.assertEqual(turns.news(), Waiting(running=0, sent=0, queued=10))
        turns.started(["m0", "m1"])
        self.assertEqual(turns.news(), Waiting(running=2, sent=2, queued=8))
        self.assertTrue(turns.done("m0"))
        self.assertFalse(turns.done("m0"))
        turns.started(["m2"])
        self.assertEqual(turns.news(), Waiting(running=2, sent=3, queued=7))

    def test_from_the_middle(self) -> None:
        """
        Who was away when the turn came was sent nothing; who was given up runs no more.
        """
        turns = Turns.of(5, state(["a"], ["b"], c=ABSENT, d=NO_ANSWER))
        self.assertTrue(turns.done("e"))
        self.assertEqual(turns.news(), Waiting(running=1, sent=3, queued=1))

    def test_news_cross_each_other(self) -> None:
        """
        A part that is told after its minions are known to be done changes nothing; nor does a
        master that cannot be asked.
        """
        turns = Turns.of(3, state([], ["a", "b", "c"]))
        turns.look(state(["b"], ["c"], a=NO_ANSWER))
        turns.done("b")
        turns.started(["a", "b"])
        turns.look({})
        self.assertEqual(turns.news(), Waiting(running=0, sent=2, queued=1))
