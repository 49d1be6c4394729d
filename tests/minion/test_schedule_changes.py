"""Tests of changes of the schedule."""

import os

from twisted.logger import LogLevel, capturedLogs

from tests.minion.schedule_case import NOON, ScheduleCase, every
from txsalt.config.schedule_file import read_schedule
from txsalt.errors import BadLoad, LocalError
from txsalt.schedule.errors import BadEntry


class ChangeTests(ScheduleCase):
    def test_add_and_delete(self) -> None:
        """
        An added job runs from then on, and is kept if that is wished.
        """
        self.start({})
        self.calls({"do": "add", "name": "job", "job": every(10), "persist": True})
        self.clock.advance(0)
        self.assertEqual(self.runs, 1)
        self.assertEqual(read_schedule(self.path), {"job": {"enabled": True, **every(10)}})
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        self.end_all()
        self.calls({"do": "delete", "name": "job", "persist": True})
        self.pass_time(20)
        self.assertEqual((self.runs, read_schedule(self.path)), (1, {}))

    def test_refused(self) -> None:
        """
        What cannot be understood, or is not there, changes nothing and says why.
        """
        self.start({"job": every(10)})
        for call in (
            {"do": "add", "name": "new", "job": {"function": "test.ping"}},
            {"do": "add", "name": "job", "job": every(5)},
            {"do": "add", "name": "enabled", "job": every(5)},
            {"do": "add", "name": "new", "job": "x"},
            {"do": "modify", "name": "new", "job": every(5)},
            {"do": "delete", "name": ""},
            {"do": "run", "name": "new"},
            {"do": "next", "name": "new"},
            {"do": "status", "name": "enabled"},
            {"do": "skip", "name": "new", "time": 1},
        ):
            with self.assertRaises(BadEntry, msg=str(call)):
                self.calls(call)
        for call in ({"do": "dance"}, {"do": "skip", "name": "job", "time": "x"}):
            with self.assertRaises(BadLoad):
                self.calls(call)
        self.assertEqual(self.calls({"do": "list"}), {"job": every(10)})

    def test_pillar(self) -> None:
        """
        Jobs of the pillar run, cannot be changed here, and hide behind our own of the same name.
        """
        self.start({"mine": every(10)})
        self.book.use_facts({}, {"schedule": {"theirs": every(10), "mine": every(99)}})
        self.clock.advance(0)
        self.assertEqual(self.runs, 2)
        self.assertEqual(self.calls({"do": "list"})["mine"]["seconds"], 10)
        self.assertEqual(list(self.calls({"do": "list", "where": "opts"})), ["mine"])
        self.assertEqual(self.calls({"do": "list", "where": "pillar"})["mine"]["seconds"], 99)
        with self.assertRaises(BadEntry):
            self.calls({"do": "disable", "name": "theirs"})
        self.end_all()
        self.book.use_facts({}, {})
        self.pass_time(10)
        self.assertEqual(self.runs, 3)

    def test_bad_job(self) -> None:
        """
        A job that cannot be understood is told once, and the others run.
        """
        with capturedLogs() as events:
            self.start({"bad": {"seconds": 5}, "job": every(10)})
            self.book.use_facts({"whens": {"tea": "5pm"}}, {})
        told = [each for each in events if each["log_level"] is LogLevel.error]
        self.assertEqual((len(told), self.runs), (1, 1))

    def test_cannot_be_kept(self) -> None:
        """
        A change that cannot be kept is made, and says that it is not kept.
        """
        self.start({})
        with open(f"{self.folder}/minion.d", "w") as file:
            file.write("in the way")
        with self.assertRaises(LocalError) as caught:
            self.calls({"do": "add", "name": "job", "job": every(10), "persist": True})
        self.assertIn("not kept", str(caught.exception))
        self.assertIn("job", self.book.entries)

    def test_reload(self) -> None:
        """
        A reload forgets what was not kept.
        """
        self.start({"job": every(10)})
        self.calls({"do": "save"})
        self.calls({"do": "add", "name": "new", "job": every(10)})
        self.calls({"do": "reload"})
        self.assertEqual(list(self.calls({"do": "list"})), ["job"])

    def test_run_now(self) -> None:
        """
        A job can be run at once, without a change of its times, as often as it allows.
        """
        self.start({"job": every(100, run_on_start=False)})
        self.assertTrue(self.calls({"do": "run", "name": "job"}))
        self.assertEqual(self.calls({"do": "run", "name": "job"}), "")
        self.assertEqual(self.calls({"do": "next", "name": "job"}), [NOON + 100])
        self.assertEqual(self.status()["_last_run"], NOON)

    def test_postpone_and_skip(self) -> None:
        """
        One run can be put off, or left out.
        """
        self.start({"job": every(10, run_on_start=False)})
        call = {"do": "postpone", "name": "job", "time": NOON + 10, "new_time": NOON + 15}
        self.calls(call)
        self.calls({"do": "skip", "name": "job", "time": NOON + 20})
        coming = self.calls({"do": "next", "name": "job", "count": 3})
        self.assertEqual(coming, [NOON + 15, NOON + 30, NOON + 40])
        self.pass_time(14)
        self.assertEqual((self.runs, self.status()["_skip_reason"]), (0, "skip_explicit"))
        self.stop()
        self.start({"job": every(10, run_on_start=False)})
        self.pass_time(1)
        self.assertEqual(self.runs, 1)
        self.pass_time(14)
        self.assertEqual(self.runs, 1)
        self.pass_time(1)
        self.assertEqual(self.runs, 2)
