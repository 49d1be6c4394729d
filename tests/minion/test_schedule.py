"""Tests of the minion's schedule."""

import json
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from twisted.logger import LogLevel, capturedLogs, formatEvent

from tests.minion.schedule_case import ScheduleCase, every
from tests.schedule.test_moment import unix
from txsalt.light import evolve


class RunTests(ScheduleCase):
    def test_interval(self) -> None:
        """
        A job with an interval runs at once, and then at its beat.
        """
        self.start({"job": every(10)})
        self.assertEqual(self.runs, 1)
        self.pass_time(30)
        self.assertEqual(self.runs, 4)

    def test_not_at_start(self) -> None:
        """
        With run_on_start off the first run is after one interval; a cron job waits for its time.
        """
        self.start(
            {
                "job": every(10, run_on_start=False),
                "cron": {"function": "test.ping", "cron": "1 12 * * *"},
            }
        )
        self.assertEqual(self.runs, 0)
        self.pass_time(10)
        self.assertEqual(self.runs, 1)
        self.pass_time(55, step=5)
        self.assertEqual(self.runs, 7)

    def test_return(self) -> None:
        """
        The master gets the result under "req", with the name of the job and the process's number.
        """
        self.start({"job": every(10, args=["a"], kwargs={"b": 1}, metadata={"team": "x"})})
        self.pass_time(1)
        [load] = self.returns
        self.assertEqual(
            list(load)[:7], ["cmd", "id", "fun", "fun_args", "schedule", "jid", "metadata"]
        )
        self.assertEqual(
            {name: load[name] for name in ("cmd", "id", "fun", "schedule", "jid", "pid")},
            {
                "cmd": "_return",
                "id": "m1",
                "fun": "test.ping",
                "schedule": "job",
                "jid": "req",
                "pid": 4000,
            },
        )
        self.assertEqual(load["fun_args"], ["a", {"b": 1}])
        self.assertEqual((load["return"], load["retcode"], load["success"]), (True, 0, True))
        self.assertEqual((load["metadata"]["team"], load["metadata"]["_TOS"]), ("x", "+0000"))

    def test_as_recorded(self) -> None:
        """
        The return has the fields of a stock minion's, in their order.
        """
        path = Path(__file__).parents[1] / "vectors/3008.3/081-schedule-return.json"
        plain = json.loads(path.read_text())["frames"][2]["plain"]
        self.start({"labjob": {"function": "test.echo", "args": ["sched"], "seconds": 3}})
        [jid] = self.zygote.handles
        self.zygote.end(jid, {"return": "sched", "retcode": 0, "success": True})
        [load] = self.returns
        recorded = [name for name in plain if name not in ("nonce", "ts", "tok")]
        self.assertEqual(list(load), recorded)
        differ = {"id", "pid", "_stamp"}
        self.assertEqual(
            {name: load[name] for name in recorded if name not in differ},
            {name: plain[name] for name in recorded if name not in differ},
        )

    def test_own_jid(self) -> None:
        """
        Each run has a jid of its own, seen in saltutil.running with the name of the job.
        """
        self.start({"job": every(10)})
        [record] = self.runner.records()
        self.assertEqual(record["schedule"], "job")
        self.assertEqual(record["jid"][:14], "20261123120000")

    def test_where_results_go(self) -> None:
        """
        return_job off keeps results from the master; returners get them, and the jid is real then.
        """
        self.start(
            {
                "silent": every(100, return_job=False),
                "uncached": every(100, return_job="nocache"),
                "there": every(100, returner="sqlite3,http", return_config="other"),
            }
        )
        self.end_all()
        self.assertEqual(
            sorted((load["schedule"], load["jid"][:3]) for load in self.returns),
            [("there", "202"), ("uncached", "noc")],
        )
        [(ret, names)] = self.returned
        self.assertEqual(names, ["sqlite3", "http"])
        self.assertEqual((ret["ret_config"], ret["jid"][:3]), ("other", "202"))
        self.start({"more": every(100, returner="http")}, always=("http", "syslog"))
        self.end_all()
        self.assertEqual(self.returned[0][1], ["http", "syslog"])

    def test_maxrunning(self) -> None:
        """
        No more runs of a job at once than it allows; what is left out does not come later.
        """
        self.start({"job": every(10), "two": every(10, maxrunning=2)})
        self.pass_time(30, end=False)
        self.assertEqual(self.runs, 3)
        self.assertEqual(self.status()["_skip_reason"], "maxrunning")
        self.end_all()
        self.pass_time(9)
        self.assertEqual(self.runs, 3)
        self.pass_time(1)
        self.assertEqual(self.runs, 5)

    def test_maxrunning_is_told(self) -> None:
        """
        When runs of a job are left out since one does not end, the log says so, once each time.
        """
        with capturedLogs() as events:
            self.start({"job": every(10)})
            self.pass_time(50, end=False)
            self.end_all()
            self.pass_time(10)
            self.pass_time(30, end=False)
        told = [formatEvent(each) for each in events if each["log_level"] is LogLevel.warn]
        self.assertEqual(len(told), 2, told)
        self.assertIn("scheduled job job is left out: earlier runs have not ended", told[0])

    def test_enabled(self) -> None:
        """
        A job, or all of them, can be switched off and on again; nothing is made up for then.
        """
        self.start({"job": every(10), "off": every(10, enabled=False)})
        self.assertEqual(self.runs, 1)
        self.end_all()
        self.calls({"do": "disable", "name": "job"})
        self.pass_time(20)
        self.assertEqual((self.runs, self.status()["_skip_reason"]), (1, "disabled"))
        self.calls({"do": "enable", "name": "job"})
        self.pass_time(10)
        self.assertEqual(self.runs, 2)
        self.calls({"do": "disable", "name": ""})
        self.pass_time(50)
        self.assertEqual(self.runs, 2)

    def test_range(self) -> None:
        """
        A range keeps a job off, and after a range to skip one run follows if it is asked for.
        """
        night = {"start": "12:00", "end": "12:01"}
        self.start(
            {
                "job": every(20, run_on_start=False, skip_during_range=night),
                "after": {
                    "function": "test.ping",
                    "when": "12:00:30",
                    "skip_during_range": night,
                    "run_after_skip_range": True,
                },
            }
        )
        self.pass_time(60)
        self.assertEqual(self.runs, 0)
        self.assertEqual(self.status()["_skip_reason"], "in_skip_range")
        self.pass_time(2)
        self.assertEqual(self.runs, 1)
        self.pass_time(18)
        self.assertEqual(self.runs, 2)

    def test_skip_function(self) -> None:
        """
        Another function runs in place of a job that a range keeps off.
        """
        self.start(
            {
                "skip_function": "test.echo",
                "skip_during_range": {"start": "11:00", "end": "13:00"},
                "job": every(10, run_on_start=False),
            }
        )
        self.pass_time(10)
        self.assertEqual(self.returns[0]["fun"], "test.echo")

    def test_trouble(self) -> None:
        """
        A job whose time cannot be found does not keep the others from theirs.
        """
        self.start({"bad": every(5), "job": every(10)})
        self.end_all()
        bad = self.book.entries["bad"]
        self.book.entries["bad"] = evolve(bad, timing=None)
        self.pass_time(60)
        self.assertEqual(self.runs, 2 + 6)
        self.assertTrue(self.flushLoggedErrors(AttributeError))

    def test_dry_run(self) -> None:
        """
        A job with dry_run does nothing.
        """
        self.start({"job": every(10, dry_run=True)})
        self.pass_time(30)
        self.assertEqual(self.runs, 0)


class TroubleTests(ScheduleCase):
    """Something of the machine fails while the schedule is looked at."""

    def test_zone_that_cannot_be_read(self) -> None:
        """
        The schedule goes on a minute later, as soon as the zone of the machine can be read again.
        """
        self.start({"a": {"function": "test.ping", "seconds": 30, "run_on_start": False}})
        zones = [PermissionError(13, "Permission denied"), *[self.zone] * 1000]

        def zone() -> tzinfo:
            found = zones.pop(0)
            if isinstance(found, OSError):
                raise found
            return found

        self.schedule._zone = zone
        self.pass_time(150)
        self.assertGreaterEqual(len(self.zygote.handles), 2)
        self.assertEqual(len(self.flushLoggedErrors(PermissionError)), 1)


class ClockTests(ScheduleCase):
    zone = ZoneInfo("Europe/Berlin")

    def test_summer_time(self) -> None:
        """
        Clocks that change do not lose a nightly job, nor run it twice.
        """
        for night in ("2027-03-27", "2026-10-24"):
            self.clock.rightNow = unix(f"{night}T23:00:00", self.zone)
            self.start({night: {"function": "test.ping", "cron": "30 2 * * *"}})
            self.pass_time(8 * 3600, step=30)
            self.assertEqual(self.runs, 1)
            self.stop()
