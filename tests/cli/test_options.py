"""Tests of the options that every sub-command has."""

import argparse

from twisted.trial.unittest import SynchronousTestCase

from txsalt.cli.options import MOST_SECONDS, seconds


class SecondsTests(SynchronousTestCase):
    def test_numbers(self) -> None:
        """
        Seconds are whole or not, from none to weeks.
        """
        self.assertEqual([seconds(each) for each in ("0", "2.5", "1e3")], [0.0, 2.5, 1000.0])
        self.assertEqual(seconds(str(MOST_SECONDS)), MOST_SECONDS)

    def test_no_numbers(self) -> None:
        """
        What no clock can wait for is refused.
        """
        for text in ("", "abc", "-1", "nan", "inf", "-inf", "1e9"):
            self.assertRaises(argparse.ArgumentTypeError, seconds, text)
