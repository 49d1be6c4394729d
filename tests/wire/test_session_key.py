"""Tests for the epochs of session keys."""

import math

from twisted.trial.unittest import SynchronousTestCase

from txsalt.wire import session_key

_DAY = 86_400


class SpanOfTests(SynchronousTestCase):
    """When a session key begins and ends."""

    def test_agrees_with_the_number_of_the_epoch(self) -> None:
        """
        A session key lasts from the first to the last moment of its epoch, for each minion.
        """
        for minion_id in ("web-01", "web-02", "größe"):
            for now in (86_400.0, 1_790_000_000.0, 1_790_000_000.999):
                number = session_key.epoch_of(minion_id, now, _DAY)
                begins, ends = session_key.span_of(minion_id, now, _DAY)
                self.assertTrue(begins <= now < ends)
                moments = (begins - 0.001, begins, ends - 0.001, ends)
                self.assertEqual(
                    [session_key.epoch_of(minion_id, at, _DAY) for at in moments],
                    [number - 1, number, number, number + 1],
                )

    def test_without_end(self) -> None:
        """
        Where no period is set a session key never ends.
        """
        self.assertEqual(session_key.span_of("web-01", 5.0, 0), (-math.inf, math.inf))
