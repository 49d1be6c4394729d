"""Tests of numbers that reports show, and of the loop that everything runs in."""

import socket

from twisted.trial.unittest import SynchronousTestCase

from txsalt.swarm.connection import Connection
from txsalt.swarm.ears import Ears
from txsalt.swarm.flood import result_of
from txsalt.swarm.loop import Loop
from txsalt.swarm.numbers import Latencies


class LatencyTests(SynchronousTestCase):
    """Percentiles."""

    def test_summary(self) -> None:
        """
        Of a hundred different times each percentile is the one a person would count out.
        """
        taken = Latencies()
        for number in range(100, 0, -1):
            taken.add(number / 1000)
        summary = taken.summary()
        self.assertEqual(summary["count"], 100)
        self.assertEqual(summary["mean_ms"], 50.5)
        self.assertEqual(summary["p50_ms"], 51)
        self.assertEqual(summary["p99_ms"], 100)
        self.assertEqual(summary["max_ms"], 100)

    def test_nothing_seen(self) -> None:
        """
        Without a single reply the report says so and shows no numbers.
        """
        self.assertEqual(Latencies().summary(), {"count": 0})


class ResultTests(SynchronousTestCase):
    """What virtual minions return."""

    def test_results(self) -> None:
        """
        True by default, a text of the wanted size, a failure with its code.
        """
        self.assertEqual(
            result_of(True, 0, failed=False), {"return": True, "retcode": 0, "success": True}
        )
        self.assertEqual(len(result_of(True, 100, failed=False)["return"]), 100)
        self.assertEqual(result_of(True, 0, failed=True)["retcode"], 1)


class LoopTests(SynchronousTestCase):
    """Timers and lost connections."""

    def setUp(self) -> None:
        """Make a loop whose time is a number."""
        self.now = 0.0
        self.loop = Loop(lambda: self.now)
        self.addCleanup(self.loop.close)

    def test_timers_in_order(self) -> None:
        """
        What is due is called in the order of its time, and nothing before it is due.
        """
        called: list[str] = []
        self.loop.later(2, lambda: called.append("second"))
        self.loop.later(1, lambda: called.append("first"))
        self.loop.later(9, lambda: called.append("never"))
        self.now = 3
        self.loop.run(lambda: len(called) == 2)
        self.assertEqual(called, ["first", "second"])

    def test_idle_work(self) -> None:
        """
        Work for idle moments is done bit by bit.
        """
        left = [3]

        def work() -> bool:
            left[0] = max(0, left[0] - 1)
            return bool(left[0])

        self.loop.when_idle(work)
        self.loop.run(lambda: left[0] == 0)
        self.loop.finish_idle_work()
        self.assertEqual(left, [0])

    def test_nobody_listens(self) -> None:
        """
        A connection that nobody takes is lost, with the reason, once.
        """
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = ("127.0.0.1", unused.getsockname()[1])
            lost: list[str] = []
            Connection(self.loop, address, b"DEALER", lambda parts: None, lost.append)
            self.loop.run(lambda: bool(lost))
        self.assertEqual(len(lost), 1)
        self.assertIn("refused", lost[0])

    def test_subscriptions_that_fail(self) -> None:
        """
        Why subscriptions are lost is counted by reason: an operator looks for the network there.
        """
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = ("127.0.0.1", unused.getsockname()[1])
            ears = Ears(self.loop, address, [None], lambda owner, parts: None, topics=False)
            self.addCleanup(ears.close)
            self.loop.run(lambda: bool(ears.lost))
        self.assertEqual(list(ears.lost.values()), [1])
        self.assertIn("refused", next(iter(ears.lost)))
