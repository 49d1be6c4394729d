"""Tests of what the terminal hears about a start in the background."""

import os

from twisted.trial.unittest import SynchronousTestCase

from txsalt.tap.launch import Launch


class LaunchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reading, writing = os.pipe()
        self.addCleanup(os.close, self.reading)
        self.options = {"statusPipe": writing}
        self.terminal, shown = os.pipe()
        self.addCleanup(os.close, self.terminal)
        self.launch = Launch(self.options, shown)

    def heard(self) -> bytes:
        # The other end is closed by now: this does not wait.
        return os.read(self.reading, 1000)

    def test_success(self) -> None:
        """
        A daemon that came up says so once, and twistd does not say it before.
        """
        self.launch.begin()
        self.assertEqual(self.options, {})
        self.launch.succeeded()
        self.launch.failed("later")
        self.assertEqual(self.heard(), b"0")
        self.assertEqual(self.heard(), b"")

    def test_failure(self) -> None:
        """
        A reason is text that fits what the terminal reads.
        """
        self.launch.begin()
        self.launch.failed("grüße " + "x" * 200)
        self.launch.succeeded()
        heard = self.heard()
        self.assertTrue(heard.startswith(b"1 gr\\xfc\\xdfe xxx"), heard)
        self.assertEqual(len(heard), 100)
        shown = os.read(self.terminal, 1000).decode()
        self.assertEqual(shown, f"cannot start: grüße {'x' * 200}\n")

    def test_short_failure(self) -> None:
        """
        A reason that fits is told once.
        """
        self.launch.begin()
        self.launch.failed("no")
        self.assertEqual(self.heard(), b"1 no")
        self.assertEqual(os.read(self.terminal, 1000), b"")

    def test_foreground(self) -> None:
        """
        Without a waiting terminal nothing is told.
        """
        for launch in (Launch(None), Launch({})):
            launch.begin()
            launch.succeeded()
            launch.failed("why")
