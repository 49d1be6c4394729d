"""Tests of reading scheduled jobs."""

import os
from datetime import UTC, datetime
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsalt.schedule.entry import read_entry
from txsalt.schedule.errors import BadEntry
from txsalt.schedule.moment import read
from txsalt.schedule.progress import Progress, read_progress
from txsalt.schedule.splay import Splay
from txsalt.schedule.timing import At, Cron, Every
from txsalt.schedule.zone import local_zone


def job(**options: Any) -> Any:
    return read_entry("job", {"function": "test.ping", **options})


class EntryTests(SynchronousTestCase):
    def test_times(self) -> None:
        """
        All ways to say when are understood.
        """
        self.assertEqual(job(seconds=30, minutes=1, hours="1").timing, Every(3690))
        self.assertEqual(job(when="5pm").timing, At((read("5pm"),)))
        self.assertEqual(len(job(when=["5pm", "Mon 8am"]).timing.moments), 2)
        self.assertEqual(job(cron="0 5 * * *").timing, Cron("0 5 * * *"))
        self.assertEqual(job(cron="@hourly").timing, Cron("0 * * * *"))
        self.assertEqual(job(cron="0 5 * * * 30").timing, Cron("30 0 5 * * *"))
        self.assertEqual(job(once="2027-01-31T17:00:00").timing, At((read("2027-01-31 17:00"),)))
        once = job(once="31.1.2027", once_fmt="%d.%m.%Y")
        self.assertEqual(once.timing, At((read("2027-01-31"),)))
        self.assertEqual(job(once=datetime(2027, 1, 31)).timing, At((read("2027-01-31"),)))

    def test_defaults(self) -> None:
        """
        A job runs once at a time, returns to the master and shows itself while it runs.
        """
        entry = job(seconds=1)
        self.assertEqual((entry.maxrunning, entry.return_job, entry.jid_include), (1, True, True))
        self.assertEqual((entry.missed, job(when="5pm").missed), ("once", "skip"))
        self.assertIsNone(entry.run_on_start)

    def test_arguments(self) -> None:
        """
        Arguments may be called as in the file or as in schedule.add.
        """
        for names in (("args", "kwargs"), ("job_args", "job_kwargs")):
            entry = job(seconds=1, **{names[0]: ["a"], names[1]: {"b": 1}})
            self.assertEqual((entry.args, entry.kwargs), (("a",), {"b": 1}))

    def test_returners(self) -> None:
        """
        Returners are a name, several with commas, or a list; none twice.
        """
        self.assertEqual(job(seconds=1, returner="syslog").returners, ("syslog",))
        self.assertEqual(job(seconds=1, returner="syslog, http").returners, ("syslog", "http"))
        self.assertEqual(job(seconds=1, returner=["a", "a", "b"]).returners, ("a", "b"))

    def test_shared(self) -> None:
        """
        Options for all jobs hold unless a job has its own.
        """
        shared = {"splay": 10, "enabled": False, "skip_function": "test.echo"}
        base = {"function": "test.ping", "seconds": 5}
        self.assertEqual(read_entry("job", base, shared).splay, Splay(1, 10))
        self.assertEqual(read_entry("job", {**base, "splay": 0}, shared).splay, Splay())
        self.assertTrue(read_entry("job", base, shared).enabled)

    def test_whens(self) -> None:
        """
        Names of times come from pillar or grains.
        """
        options = {"function": "test.ping", "when": "tea"}
        entry = read_entry("job", options, whens={"tea": "5pm"})
        self.assertEqual(entry.timing, At((read("5pm"),)))

    def test_refused(self) -> None:
        """
        A job that cannot be understood is refused with a sentence that names it.
        """
        for options in (
            {}, {"seconds": 0}, {"seconds": "x"}, {"seconds": True}, {"cron": "61 * * * *"},
            {"cron": "0 0 31 2 *"}, {"cron": 5}, {"when": "soon"}, {"when": 1020}, {"when": []},
            {"seconds": 1, "when": "5pm"}, {"when": "5pm", "cron": "* * * * *"}, {"once": "5pm"},
            {"seconds": 1, "splay": -1}, {"seconds": 1, "splay": {"start": 5, "end": 1}},
            {"seconds": 1, "splay": "x"}, {"seconds": 1, "range": "8am"},
            {"seconds": 1, "range": {"start": "2027-01-02", "end": "2027-01-01"}},
            {"seconds": 1, "args": "x"}, {"seconds": 1, "kwargs": []}, {"seconds": 1, "until": "x"},
            {"seconds": 1, "maxrunning": 0}, {"seconds": 1, "missed": "maybe"},
            {"seconds": 1, "function": "ping"}, {"seconds": 1, "function": None},
            {"seconds": 1, "returner": 5}, {"seconds": 1e12}, {"seconds": 1e-9},
            {"minutes": 0.001},
        ):  # fmt: skip
            with self.assertRaises(BadEntry, msg=str(options)) as caught:
                job(**options)
            self.assertIn("job", str(caught.exception))
        with self.assertRaises(BadEntry):
            read_entry("job", "test.ping")


class ProgressTests(SynchronousTestCase):
    def test_kept(self) -> None:
        """
        What is kept comes back; anything else is nothing.
        """
        progress = Progress(considered=5.0, last_run=4.0).with_extra(9.0).with_skip(8.0)
        self.assertEqual(read_progress(progress.as_map()), progress)
        for garbage in (None, [], {}, {"considered": "x"}, {"considered": -1}):
            self.assertIsNone(read_progress(garbage))
        self.assertEqual(
            read_progress({"considered": 5, "extra": "x", "skips": [1, "x"], "last_run": []}),
            Progress(considered=5.0, skips=(1.0,)),
        )


class ZoneTests(SynchronousTestCase):
    def test_zone(self) -> None:
        """
        The zone is that of TZ, else of the machine's file, which may change, else UTC.
        """
        now = datetime(2026, 7, 1)
        named = local_zone({"TZ": ":Europe/Berlin"})
        self.assertEqual(now.replace(tzinfo=named).utcoffset().total_seconds(), 7200)
        path = self.mktemp()
        self.assertIs(local_zone({}, path), UTC)
        with open("/usr/share/zoneinfo/Asia/Tokyo", "rb") as file, open(path, "wb") as copy:
            copy.write(file.read())
        self.assertEqual(now.replace(tzinfo=local_zone({}, path)).utcoffset().seconds, 32400)
        os.utime(path, ns=(1, 1))
        with open(path, "wb") as copy:
            copy.write(b"nonsense")
        self.assertIs(local_zone({}, path), UTC)
