"""Tests of when scheduled jobs run."""

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.schedule.test_moment import text_of, unix
from txsalt.light import evolve
from txsalt.schedule.entry import Entry, read_entry
from txsalt.schedule.next_run import (
    LATE,
    MOST,
    STEP,
    Place,
    next_due,
    obstacle,
    preview,
    settle,
)

BERLIN = ZoneInfo("Europe/Berlin")
UTC = ZoneInfo("UTC")
PLACE = Place(zone=UTC, minion_id="m1")
IN_BERLIN = Place(zone=BERLIN, minion_id="m1")
NOW = unix("2026-11-23T12:00:00")


def job(**options: Any) -> Entry:
    return read_entry("job", {"function": "test.ping", **options})


def walk(entry: Entry, start: float, end: float, place: Place, step: float = 60) -> list[float]:
    """The times at which a daemon that looks every ``step`` seconds runs the job."""
    runs, considered, now = [], start, start
    while now <= end:
        settled = settle(entry, considered, now, place)
        considered = settled.considered
        runs += [now] * len(settled.runs)
        now += step
    return runs


class SettleTests(SynchronousTestCase):
    def test_interval(self) -> None:
        """
        An interval runs at its beat, and the beat does not drift with late looks.
        """
        entry = job(minutes=5)
        self.assertEqual(settle(entry, NOW, NOW + 299, PLACE).runs, ())
        settled = settle(entry, NOW, NOW + 304, PLACE)
        self.assertEqual([each.at for each in settled.runs], [NOW + 300])
        self.assertEqual(settled.considered, NOW + 300)
        self.assertFalse(settled.missed)

    def test_stalled(self) -> None:
        """
        After a short stall a job of each second runs once, not once for each second.
        """
        settled = settle(job(seconds=1), NOW, NOW + 30, PLACE)
        self.assertEqual([each.at for each in settled.runs], [NOW + 30])

    def test_missed(self) -> None:
        """
        What was missed while the minion did not run is skipped, made up for once, or each time.
        """
        for missed, count in (("skip", 0), ("once", 1), ("all", 3)):
            entry = job(cron="0 10 * * *", missed=missed)
            settled = settle(entry, NOW - 3 * 86400, NOW, PLACE)
            self.assertEqual(len(settled.runs), count, missed)
            due = next_due(entry, settled.considered, PLACE)
            assert due is not None
            self.assertEqual(text_of(due.at), "2026-11-24T10:00:00")
            self.assertEqual(settle(entry, settled.considered, NOW, PLACE).runs, ())

    def test_missed_by_default(self) -> None:
        """
        An overdue interval runs once; a time of the day that has passed does not come back.
        """
        self.assertEqual(len(settle(job(hours=1), NOW - 86400, NOW, PLACE).runs), 1)
        self.assertEqual(settle(job(when="10:00"), NOW - 86400, NOW, PLACE).runs, ())

    def test_all_has_an_end(self) -> None:
        """
        A year of missed minutes is not made up for in full.
        """
        settled = settle(job(cron="* * * * *", missed="all"), NOW - 3e7, NOW, PLACE)
        self.assertEqual(len(settled.runs), MOST)
        self.assertTrue(settled.missed)
        self.assertEqual(settle(job(cron="* * * * *"), settled.considered, NOW, PLACE).runs, ())

    def test_a_moment_late_is_on_time(self) -> None:
        """
        A run is not missed because the minion was busy for a minute.
        """
        for late, count in ((0, 1), (LATE, 1), (LATE + 1, 0)):
            settled = settle(job(when="12:00"), NOW - 3600, NOW + late, PLACE)
            self.assertEqual(len(settled.runs), count)

    def test_once(self) -> None:
        """
        A job of one date runs then, and never again.
        """
        entry = job(once="2026-11-23T12:00:00")
        settled = settle(entry, NOW - 100, NOW, PLACE)
        self.assertEqual(len(settled.runs), 1)
        self.assertIsNone(next_due(entry, settled.considered, PLACE))

    def test_clock_set_back(self) -> None:
        """
        A clock that is set back by an hour repeats no run; one that was years ahead blocks none.
        """
        daily = job(when="12:00")
        self.assertEqual(settle(daily, NOW, NOW - 1800, PLACE).considered, NOW)
        self.assertEqual(walk(daily, NOW, NOW + 60, PLACE), [])
        settled = settle(daily, NOW + 10 * STEP, NOW - 60, PLACE)
        self.assertEqual(settled.considered, NOW - 60)
        self.assertEqual(len(settle(daily, settled.considered, NOW, PLACE).runs), 1)
        interval = job(minutes=5)
        settled = settle(interval, NOW + 86400, NOW, PLACE)
        self.assertEqual(next_due(interval, settled.considered, PLACE).at, NOW + 300)

    def test_clocks_change(self) -> None:
        """
        A nightly job runs once in each night, also when the clocks change.
        """
        for day in ("2027-03-28", "2026-10-25"):
            start = unix(f"{day}T00:00:00", BERLIN)
            for options in ({"cron": "30 2 * * *"}, {"when": "2:30"}):
                runs = walk(job(**options), start, start + 86000, IN_BERLIN)
                self.assertEqual(len(runs), 1, (day, options))
        start = unix("2026-10-25T00:00:00", BERLIN)
        # Every half hour is every half hour, on a day of 25 hours.
        runs = walk(job(cron="*/30 * * * *"), start, start + 25 * 3600, IN_BERLIN)
        self.assertEqual(len(runs), 50)

    @given(
        st.sampled_from(
            [
                {"seconds": 7},
                {"minutes": 5},
                {"hours": 3, "splay": 600},
                {"cron": "*/10 * * * *"},
                {"cron": "30 2 * * *", "splay": {"start": 5, "end": 90}},
                {"cron": "15 */2 * * 1"},
                {"when": ["2:30", "Mon 5pm"]},
                {"when": "1 Nov 17:00", "missed": "once"},
                {"cron": "0 * * * *", "missed": "all"},
            ]
        ),
        st.integers(1_700_000_000, 1_900_000_000),
        st.lists(st.integers(-5000, 400_000), max_size=12),
    )
    @settings(max_examples=200)
    def test_any_past(self, options: dict[str, Any], start: int, steps: list[int]) -> None:
        """
        However time goes, nothing that was dealt with is run again, and nothing is run early.
        """
        entry = job(**options)
        considered, now, seen = float(start), float(start), -1.0
        for step in steps:
            now += step
            settled = settle(entry, considered, now, IN_BERLIN)
            for due in settled.runs:
                self.assertLessEqual(due.at, now)
                if step > 0 and seen <= now:
                    self.assertGreater(due.nominal, considered)
            seen = max(seen, now)
            considered = settled.considered
            self.assertEqual(settle(entry, considered, now, IN_BERLIN).runs, ())
            coming = next_due(entry, considered, IN_BERLIN)
            assert coming is not None
            self.assertGreater(coming.at, now)


class SplayTests(SynchronousTestCase):
    def test_within(self) -> None:
        """
        Delays are within the bounds, differ from run to run, and are the same when asked again.
        """
        entry = job(hours=1, splay={"start": 10, "end": 70})
        delays = []
        for number in range(50):
            due = next_due(entry, NOW + number * 3600, PLACE)
            assert due is not None
            self.assertEqual(due, next_due(entry, NOW + number * 3600, PLACE))
            delays.append(due.at - due.nominal)
        self.assertTrue(all(10 <= each <= 70 for each in delays))
        self.assertGreater(len(set(delays)), 10)
        other = next_due(entry, NOW, evolve(PLACE, minion_id="m2"))
        third = next_due(entry, NOW, evolve(PLACE, minion_id="m3"))
        self.assertGreater(len({next_due(entry, NOW, PLACE), other, third}), 1)


class ObstacleTests(SynchronousTestCase):
    def said(self, at: str, **options: Any) -> str:
        return obstacle(job(hours=1, **options), unix(f"2026-11-23T{at}"), PLACE)

    def test_range(self) -> None:
        """
        A job runs within its range only, or with invert outside of it only.
        """
        day = {"start": "8:00am", "end": "5:00pm"}
        self.assertEqual(self.said("12:00:00", range=day), "")
        self.assertEqual(self.said("17:00:00", range=day), "")
        self.assertEqual(self.said("18:00:00", range=day), "not_in_range")
        self.assertEqual(self.said("12:00:00", range={**day, "invert": True}), "in_skip_range")
        self.assertEqual(self.said("18:00:00", range={**day, "invert": True}), "")

    def test_over_midnight(self) -> None:
        """
        A range may go over midnight, or from a weekday to another.
        """
        night = {"start": "22:00", "end": "6:00"}
        self.assertEqual(self.said("23:00:00", range=night), "")
        self.assertEqual(self.said("05:00:00", range=night), "")
        self.assertEqual(self.said("12:00:00", range=night), "not_in_range")
        week = {"start": "Sat 22:00", "end": "Mon 13:00"}
        self.assertEqual(self.said("12:00:00", range=week), "")
        self.assertEqual(self.said("14:00:00", range=week), "not_in_range")

    def test_skip(self) -> None:
        """
        A job does not run within the range to skip; dates bound the job's life.
        """
        skip = {"start": "11:00", "end": "13:00"}
        self.assertEqual(self.said("12:00:00", skip_during_range=skip), "in_skip_range")
        self.assertEqual(self.said("14:00:00", skip_during_range=skip), "")
        self.assertEqual(self.said("12:00:00", until="2026-11-23 11:59"), "until_passed")
        self.assertEqual(self.said("12:00:00", after="2026-11-23 12:01"), "after_not_passed")
        self.assertEqual(self.said("12:00:00", enabled=False), "disabled")


class PreviewTests(SynchronousTestCase):
    def test_preview(self) -> None:
        """
        The preview names the runs that will be, not those that a range keeps off.
        """
        entry = job(cron="0 * * * *", range={"start": "8am", "end": "1pm"})
        found = [text_of(each)[11:16] for each in preview(entry, NOW, NOW, PLACE, 3)]
        self.assertEqual(found, ["13:00", "08:00", "09:00"])

    def test_end(self) -> None:
        """
        A job whose time has passed has no next run.
        """
        self.assertEqual(preview(job(once="2020-01-01"), NOW, NOW, PLACE), [])
        self.assertEqual(preview(job(minutes=1, until="2020-01-01"), NOW, NOW, PLACE), [])
        self.assertEqual(preview(job(minutes=1, enabled=False), NOW, NOW, PLACE), [])
