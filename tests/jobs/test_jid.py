"""Tests of job ids."""

from datetime import UTC, datetime, timedelta, timezone

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadName
from txsalt.jobs import jid
from txsalt.jobs.jid import JidClock

NOON = datetime(2026, 11, 23, 12, 0, 0, 7, tzinfo=UTC)


class JidTests(SynchronousTestCase):
    def test_twenty_digits_in_utc(self) -> None:
        """
        A job id is the UTC time, whatever zone the clock shows.
        """
        self.assertEqual(jid.make(NOON), "20261123120000000007")
        self.assertEqual(jid.make(NOON.astimezone(timezone(timedelta(hours=5)))), jid.make(NOON))
        self.assertEqual(jid.make(NOON.replace(tzinfo=None)), jid.make(NOON))

    def test_time_is_read_back(self) -> None:
        """
        A job id tells when it was made; other texts are refused.
        """
        self.assertEqual(jid.parse("20261123120000000007"), NOON)
        self.assertEqual(jid.parse("20261123120000000007_4711"), NOON)
        for text in [
            "",
            "req",
            "2026",
            "20261123120000000007x",
            "20261123120000000007\n",
            "9" * 20,
            "٢" * 20,
        ]:
            self.assertRaises(BadName, jid.parse, text)


class JidClockTests(SynchronousTestCase):
    def test_never_twice(self) -> None:
        """
        Jobs of the same microsecond, or after the clock was set back, have ids of their own.
        """
        clock = JidClock()
        times = [NOON, NOON, NOON - timedelta(hours=1), NOON + timedelta(microseconds=1), NOON]
        made = [clock.make(now) for now in times]
        self.assertEqual(made[0], jid.make(NOON))
        self.assertEqual(made, sorted(set(made)))
        later = NOON + timedelta(seconds=1)
        self.assertEqual(clock.make(later), jid.make(later))
