"""Tests of the log lines."""

import io
import sys

from twisted.logger import Logger, LogLevel
from twisted.trial.unittest import SynchronousTestCase

from txsalt.tap.logs import LineObserver, LogSettings, format_line, is_level, observer


class LineObserverTests(SynchronousTestCase):
    def lines(self, **settings: object) -> list[str]:
        stream = io.StringIO()
        observer = LineObserver(stream, LogSettings(**settings))
        for namespace in ("txsalt.a", "txsalt.b.c", "twisted"):
            log = Logger(namespace=namespace, observer=observer)
            for name in ("debug", "info", "warn", "error", "critical"):
                getattr(log, name)("{x}", x=namespace)
        return [line.split(" ", 2)[2] for line in stream.getvalue().splitlines()]

    def test_levels(self) -> None:
        """
        Salt's names choose what is written, from everything to nothing.
        """
        counts = {"all": 15, "debug": 15, "info": 12, "warning": 9, "error": 6, "critical": 3}
        for level, count in counts.items():
            self.assertEqual(len(self.lines(level=level)), count, level)
        self.assertEqual(self.lines(level="quiet"), [])
        self.assertIn("[WARNING] twisted", self.lines(level="warning"))
        self.assertTrue(is_level("garbage"))
        self.assertFalse(is_level("loud"))

    def test_parts(self) -> None:
        """
        Single parts may have levels of their own; the most exact name counts.
        """
        lines = self.lines(level="quiet", parts={"txsalt": "critical", "txsalt.b": "error"})
        self.assertEqual(
            lines, ["[CRITICAL] txsalt.a", "[ERROR] txsalt.b.c", "[CRITICAL] txsalt.b.c"]
        )

    def test_one_line(self) -> None:
        """
        What a peer sent cannot look like a line of ours, nor steer a terminal.
        """
        event = {
            "log_time": 0.0005,
            "log_format": "{x}",
            "x": "a\nb\x1b[2J",
            "log_level": LogLevel.info,
        }
        line = format_line(event, "INFO")
        self.assertRegex(line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,000 \[INFO\] a \| b\?\[2J\n$")

    def test_terminals(self) -> None:
        """
        A terminal that cannot show every sign gets the line all the same; a closed one gets none.
        """
        written = io.BytesIO()
        self.patch(sys, "stdout", io.TextIOWrapper(written, "ascii"))
        event = {"log_time": 0.0, "log_format": "grüße", "log_level": LogLevel.critical}
        observer()(event)
        self.assertIn(rb"[CRITICAL] gr\xfc\xdfe", written.getvalue())
        self.patch(sys, "stdout", None)
        observer()(event)

    def test_closed_stream(self) -> None:
        """
        A terminal that went away does not end the daemon.
        """
        stream = io.StringIO()
        stream.close()
        Logger(observer=LineObserver(stream, LogSettings(level="all"))).info("x")
