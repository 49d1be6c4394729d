"""Tests of what the schedule remembers."""

import json
import os
from typing import Any

from twisted.logger import LogLevel, capturedLogs

from tests.minion.schedule_case import NOON, ScheduleCase, every
from tests.minion.test_job_runner import FakeZygote
from txsalt.minion.daemon.schedule import Schedule
from txsalt.minion.daemon.schedule_book import ScheduleBook
from txsalt.minion.daemon.schedule_memory import ScheduleMemory


class RestartTests(ScheduleCase):
    def test_neither_repeated_nor_forgotten(self) -> None:
        """
        After a restart a job runs when it would have run without it.
        """
        jobs = {"job": every(100), "daily": {"function": "test.ping", "when": "12:01"}}
        self.start(jobs)
        self.pass_time(40)
        self.stop()
        self.start(jobs)
        self.assertEqual(self.runs, 0)
        self.pass_time(20)
        self.assertEqual(self.runs, 1)
        self.pass_time(40)
        self.assertEqual(self.runs, 2)
        self.stop()
        self.start(jobs)
        self.assertEqual(self.runs, 0)

    def test_missed_while_stopped(self) -> None:
        """
        What fell into the time without a minion follows the job's policy.
        """
        daily = {"function": "test.ping", "when": "12:30"}
        jobs = {
            "interval": every(600),
            "skip": daily,
            "once": {**daily, "missed": "once"},
            "all": {"function": "test.ping", "cron": "*/20 * * * *", "missed": "all",
                    "maxrunning": 9},
        }  # fmt: skip
        self.start(jobs)
        self.end_all()
        self.stop()
        self.clock.advance(3600)
        with capturedLogs() as events:
            self.start(jobs)
        self.assertEqual(
            sorted(record["schedule"] for record in self.runner.records()),
            ["all", "all", "all", "interval", "once"],
        )
        self.assertIn(LogLevel.warn, [each["log_level"] for each in events])

    def missed(self, **options: Any) -> dict[str, Any]:
        """A job every ten minutes, an hour of which was missed."""
        jobs = {"job": every(600, missed="all", **options)}
        self.start(jobs)
        self.end_all()
        self.stop()
        self.clock.advance(3605)
        self.start(jobs)
        return jobs

    def made_up_for(self, at_once: int) -> int:
        """Let runs end as they come; return how many there were, never more at once."""
        count = 0
        while running := len(self.runner.records()):
            self.assertLessEqual(running, at_once)
            count += running
            self.end_all()
            self.clock.advance(0)
        return count

    def test_all_missed_one_after_the_other(self) -> None:
        """
        All missed runs of a job are made up for, not more at once than it may have.
        """
        self.missed()
        self.assertEqual(self.made_up_for(1), 6)
        self.pass_time(594)
        self.assertEqual(self.runs, 6)
        self.pass_time(1)
        self.assertEqual(self.runs, 7)

    def test_all_missed_two_at_once(self) -> None:
        """
        A job that may run twice at once makes up for its missed runs so.
        """
        self.missed(maxrunning=2)
        self.assertEqual(self.made_up_for(2), 6)

    def test_all_missed_and_run_on_start(self) -> None:
        """
        A run at the start does not stand for those that were missed, if all are wanted.
        """
        self.missed(run_on_start=True)
        self.assertEqual(self.made_up_for(1), 7)

    def test_all_missed_over_a_restart(self) -> None:
        """
        Missed runs that wait for others are remembered over the next restart.
        """
        jobs = self.missed()
        self.end_all()
        self.stop()
        self.start(jobs)
        self.assertEqual(self.made_up_for(1), 5)

    def test_run_on_start(self) -> None:
        """
        A job with run_on_start runs at each start.
        """
        jobs = {"job": every(100, run_on_start=True)}
        self.start(jobs)
        self.stop()
        self.start(jobs)
        self.assertEqual(self.runs, 1)

    def test_state_before_effect(self) -> None:
        """
        What is about to run is on disk before it runs.
        """
        seen: list[float] = []
        start = FakeZygote.start

        def watch(zygote: FakeZygote, jid: str, load: Any, timeout: float | None = None) -> Any:
            with open(f"{self.folder}/schedule.json") as file:
                seen.append(json.load(file)["job"]["last_run"])
            return start(zygote, jid, load, timeout)

        self.patch(FakeZygote, "start", watch)
        self.start({"job": every(10)})
        self.assertEqual(seen, [NOON])

    def test_damaged_memory(self) -> None:
        """
        A file that was damaged costs what it held, not the start.
        """
        for text in ("{", "[]", '{"job": 5}'):
            with open(f"{self.folder}/schedule.json", "w") as file:
                file.write(text)
            self.start({"job": every(10)})
            self.assertEqual(self.runs, 1)
            self.stop()

    def test_full_disk(self) -> None:
        """
        Jobs run when the disk takes nothing.
        """
        self.start({})
        os.rename(self.folder, f"{self.folder}.gone")
        with capturedLogs() as events:
            self.calls({"do": "add", "name": "job", "job": every(10)})
            self.clock.advance(0)
        self.assertEqual(self.runs, 1)
        self.assertIn(LogLevel.error, [each["log_level"] for each in events])

    def test_waits_for_the_pillar(self) -> None:
        """
        Jobs wait for the first pillar, at most a minute; or not at all if that is wished.
        """
        self.start({})
        self.stop()
        for before, count in ((False, 0), (True, 1)):
            self.book = ScheduleBook({"job": every(10)}, self.path, lambda: None)
            memory = ScheduleMemory(f"{self.folder}/{before}.json")
            runs = self.schedule._runs
            schedule = Schedule(self.clock, "m1", self.book, memory, runs, before_connect=before)
            schedule.startService()
            schedule.facts_came()
            self.clock.advance(0)
            self.assertEqual(self.runs, count)
            self.clock.advance(60)
            self.assertEqual(self.runs, 1)
            schedule.stopService()
            schedule.stopService()
            self.zygote.handles.clear()
            runs._running.clear()
        self.assertEqual(self.clock.getDelayedCalls(), [])
