"""Tests of the times that people write."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.schedule.errors import BadMoment
from txsalt.schedule.moment import Moment, read, read_exactly

BERLIN = ZoneInfo("Europe/Berlin")


def unix(text: str, zone: object = UTC) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def text_of(stamp: float | None, zone: object = UTC) -> str:
    return "never" if stamp is None else datetime.fromtimestamp(stamp, zone).isoformat()[:19]


# A Monday.
NOW = unix("2026-11-23T12:00:00")


class ReadTests(SynchronousTestCase):
    def test_forms(self) -> None:
        """
        Every documented form is understood, and its next time is the one that is meant.
        """
        for text, expected in {
            "17:00": "2026-11-23T17:00:00",
            "5pm": "2026-11-23T17:00:00",
            "5:00pm": "2026-11-23T17:00:00",
            "5:30 P.M.": "2026-11-23T17:30:00",
            "8am": "2026-11-24T08:00:00",
            "12am": "2026-11-24T00:00:00",
            "12:15pm": "2026-11-23T12:15:15"[:17] + "00",
            "17:00:30": "2026-11-23T17:00:30",
            "Monday 5pm": "2026-11-23T17:00:00",
            "Mon 8:00am": "2026-11-30T08:00:00",
            "tuesday 17:00": "2026-11-24T17:00:00",
            "Sunday": "2026-11-29T00:00:00",
            "January 1 5pm": "2027-01-01T17:00:00",
            "1 Jan 17:00": "2027-01-01T17:00:00",
            "17:00 December 24th": "2026-12-24T17:00:00",
            "Feb 29": "2028-02-29T00:00:00",
            "2027-01-31": "2027-01-31T00:00:00",
            "2027-01-31 17:00": "2027-01-31T17:00:00",
            "2027-01-31T17:00:30": "2027-01-31T17:00:30",
            "2027-01-31T17:00:30.5": "2027-01-31T17:00:30",
            "2027/1/31 5pm": "2027-01-31T17:00:00",
            "01/31/2027 5pm": "2027-01-31T17:00:00",
            "January 31, 2027 5pm": "2027-01-31T17:00:00",
            "31 January 2027 at 17:00": "2027-01-31T17:00:00",
            "Sun, 31 Jan 2027 17:00:00": "2027-01-31T17:00:00",
            "2027-01-31T17:00:00Z": "2027-01-31T17:00:00",
            "2027-01-31 17:00 UTC": "2027-01-31T17:00:00",
            "2027-01-31T17:00:00+01:00": "2027-01-31T16:00:00",
            "17:00-0500": "2026-11-23T22:00:00",
            "2020-01-01 10:00": "never",
        }.items():
            self.assertEqual(text_of(read(text).after(NOW, UTC)), expected, text)

    def test_values_of_yaml(self) -> None:
        """
        What YAML makes of a date without quotes is understood, too.
        """
        self.assertEqual(read(date(2027, 1, 31)), read("2027-01-31"))
        self.assertEqual(read(datetime(2027, 1, 31, 17)), read("2027-01-31 17:00"))

    def test_nonsense(self) -> None:
        """
        A text that is no time, or has more in it than a time, is refused.
        """
        for text in (
            "", "soon", "25:00", "5:60", "13pm", "0am", "2027-02-30", "17:00 17:00", "January",
            "2027-01-31 17:00 or so", "Mon Tue 5pm", "5", "1020", "17:00+25:00", "31/01/2027",
        ):  # fmt: skip
            with self.assertRaises(BadMoment, msg=text):
                read(text)
        with self.assertRaises(BadMoment):
            read(61200)

    def test_own_form(self) -> None:
        """
        A form of strptime reads what no documented form covers.
        """
        found = read_exactly("31.01.27 17h", "%d.%m.%y %Hh")
        self.assertEqual(found, read("2027-01-31 17:00"))
        with self.assertRaises(BadMoment):
            read_exactly("31.01.27", "%Y")

    @given(st.text(alphabet="0123456789:-/+ TZamponfebj,.", max_size=24))
    @settings(max_examples=300)
    def test_any_text(self, text: str) -> None:
        """
        Whatever is written is a time or is refused.
        """
        try:
            found = read(text)
        except BadMoment:
            return
        later = found.after(NOW, BERLIN)
        self.assertTrue(later is None or later > NOW)


class ClockChangeTests(SynchronousTestCase):
    def test_gap(self) -> None:
        """
        A time that the clocks jump over comes as much later, and the next day it is itself again.
        """
        at = read("02:30")
        night = unix("2027-03-28T00:00:00", BERLIN)
        first = at.after(night, BERLIN)
        assert first is not None
        self.assertEqual(text_of(first, BERLIN), "2027-03-28T03:30:00")
        self.assertEqual(text_of(at.after(first, BERLIN), BERLIN), "2027-03-29T02:30:00")

    def test_fold(self) -> None:
        """
        A time that comes twice counts once.
        """
        at = read("02:30")
        first = at.after(unix("2026-10-25T00:00:00", BERLIN), BERLIN)
        assert first is not None
        self.assertEqual(text_of(first), "2026-10-25T00:30:00")
        self.assertEqual(text_of(at.after(first, BERLIN), BERLIN), "2026-10-26T02:30:00")

    @given(
        st.integers(1_700_000_000, 1_900_000_000),
        st.times(),
        st.none() | st.integers(0, 6),
        st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    )
    @settings(max_examples=200)
    def test_steps(self, then: int, clock: object, weekday: int | None, name: str) -> None:
        """
        A daily time comes every day, a weekly one every week, whatever the clocks do.
        """
        zone = ZoneInfo(name)
        at = Moment(clock=clock.replace(tzinfo=None, fold=0), weekday=weekday)
        first = at.after(then, zone)
        assert first is not None
        second = at.after(first, zone)
        assert second is not None
        period = 86400 * (1 if weekday is None else 7)
        self.assertLessEqual(first - then, period + 3600)
        self.assertLessEqual(abs(second - first - period), 3600)
