"""Tests of the deliveries to returners."""

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.daemon.deliveries import EXPIRY, MOST_AT_ONCE, Deliveries, names_in
from txsalt.minion.daemon.outbox import Outbox
from txsalt.minion.daemon.zygote import JobEnd, JobHandle

DOWN = {"failed": "no route to host"}


class DeliveriesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.folder = self.mktemp()
        self.started: list[tuple[str, dict[str, Any], JobHandle]] = []
        self.deliveries = self.make()

    def make(self, *always: str, most_mib: int = 0) -> Deliveries:
        made = Deliveries(
            self.clock,
            Outbox(self.folder),
            self.start,
            always,
            lambda low, high: low,
            most_mib=most_mib,
        )
        made.startService()
        return made

    def start(self, jid: str, load: dict[str, Any], timeout: float | None) -> JobHandle:
        handle = JobHandle(jid, Deferred())
        self.started.append((jid, load, handle))
        return handle

    def put(self, jid: str, *returners: str, value: Any = True) -> None:
        self.deliveries.put({"jid": jid, "id": "m1", "return": value}, returners or ("db",))

    def jids(self) -> list[str]:
        """The jids in the last job."""
        return [ret["jid"] for ret in self.started[-1][1]["rets"]]

    def end(self, *outcomes: Any, number: int = -1) -> None:
        result = {"return": list(outcomes), "retcode": 0, "success": True}
        self.started[number][2].ended.callback(JobEnd(result, 0, 0.1))

    def die(self) -> None:
        self.started[-1][2].ended.callback(JobEnd(None, 9, 0.1))

    def files(self) -> int:
        return len(os.listdir(self.folder))

    def test_delivered(self) -> None:
        """
        A return is on disk until its returner has taken it.
        """
        self.put("1")
        self.assertEqual((self.files(), self.started[0][1]["returner"]), (1, "db"))
        self.end(None)
        self.assertEqual((self.files(), self.deliveries.waiting("db")), (0, 0))

    def test_together(self) -> None:
        """
        What comes while a job delivers goes with the next one, all at once.
        """
        for number in range(MOST_AT_ONCE + 5):
            self.put(str(number))
        self.assertEqual(self.jids(), ["0"])
        self.end(None)
        self.assertEqual(len(self.jids()), MOST_AT_ONCE)
        self.end(*[None] * MOST_AT_ONCE)
        self.assertEqual(len(self.jids()), 4)

    def test_own_queues(self) -> None:
        """
        A returner that is down does not hold up another.
        """
        self.put("1", "db", "web")
        self.end(DOWN, number=0)
        self.end(None, number=1)
        self.put("2", "db", "web")
        self.assertEqual(len(self.started), 3)
        self.assertEqual(self.started[2][1]["returner"], "web")

    def test_again(self) -> None:
        """
        A returner that is down is tried again, after ever longer pauses; one line says so.
        """
        self.put("1")
        with capturedLogs() as events:
            for pause in (5, 10, 20, 40, 80, 160, 300, 300):
                self.end(DOWN)
                count = len(self.started)
                self.clock.advance(pause - 0.1)
                self.assertEqual(len(self.started), count)
                self.clock.advance(0.2)
                self.assertEqual(len(self.started), count + 1)
        told = [each for each in events if each["log_level"] is LogLevel.warn]
        self.assertEqual([each["why"] for each in told], ["no route to host"])
        self.end(None)
        self.assertEqual(self.files(), 0)

    def test_one_that_cannot_be_taken(self) -> None:
        """
        A return that a returner cannot take goes behind the others.
        """
        for jid in "0123":
            self.put(jid)
        self.end(None)
        self.end(None, DOWN)
        self.clock.advance(5)
        self.assertEqual(self.jids(), ["3", "2"])

    def test_one_that_kills(self) -> None:
        """
        After a job that died returns are delivered one by one, so that none comes twice.
        """
        for jid in "0123":
            self.put(jid)
        self.end(None)
        self.die()
        self.clock.advance(5)
        self.assertEqual(self.jids(), ["2"])
        self.end(None)
        self.assertEqual(self.jids(), ["3"])
        self.end(None)
        self.assertEqual(self.jids(), ["1"])

    def test_refused(self) -> None:
        """
        A returner that does not exist is told, and nothing is kept for it.
        """
        self.put("1")
        with capturedLogs() as events:
            self.end({"refused": "there is no returner 'db'"})
        [event] = events
        self.assertEqual((event["log_level"], event["jid"]), (LogLevel.error, "1"))
        self.assertEqual((self.files(), len(self.clock.getDelayedCalls())), (0, 0))

    def test_expired(self) -> None:
        """
        After a day a return is given up, with a line that says so.
        """
        self.put("1")
        with capturedLogs() as events:
            self.clock.advance(EXPIRY + 1)
            self.end(DOWN)
            self.clock.advance(5)
        self.assertEqual([e["jid"] for e in events if e["log_level"] is LogLevel.error], ["1"])
        self.assertEqual((self.files(), len(self.started)), (0, 1))

    def test_restart(self) -> None:
        """
        What a former run could not deliver is delivered by the next.
        """
        self.put("1")
        stopped = self.deliveries.stopService()
        self.assertNoResult(stopped)
        self.clock.advance(3)
        self.successResultOf(stopped)
        self.started[0][2].ended.callback(JobEnd(None, None, 0.0))
        self.assertEqual((self.files(), self.clock.getDelayedCalls()), (1, []))
        self.deliveries = self.make()
        self.assertEqual(self.jids(), ["1"])

    def test_stop_waits_a_moment(self) -> None:
        """
        A stop lets a delivery that is under way end.
        """
        self.put("1")
        stopped = self.deliveries.stopService()
        self.end(None)
        self.successResultOf(stopped)
        self.assertEqual((self.files(), self.clock.getDelayedCalls()), (0, []))

    def test_full_disk(self) -> None:
        """
        When the disk takes nothing, or the return is no plain value, it is delivered all the same.
        """
        os.rmdir(self.folder)
        with capturedLogs() as events:
            self.put("1")
        self.assertEqual(events[0]["log_level"], LogLevel.error)
        self.end(None)
        self.assertEqual(self.deliveries.waiting("db"), 0)

    def test_large_ones(self) -> None:
        """
        Large returns go to their returner a few at a time: the program that runs all jobs would not
        survive a message of 50 of them.
        """
        self.put("1")
        for jid in "2345":
            self.put(jid, value="x" * 7_000_000)
        self.end(None)
        self.assertEqual(self.jids(), ["2", "3"])
        self.end(None, None)
        self.assertEqual(self.jids(), ["4", "5"])

    def test_in_memory(self) -> None:
        """
        Returns that wait for a returner are on disk, and not in the memory of the minion.
        """
        for jid in "123":
            self.put(jid, value="x" * 1000)
        self.assertNotIn("xxx", repr(self.deliveries._lanes["db"].queue))
        self.end({"failed": "down"})
        self.clock.advance(5)
        self.assertEqual([ret["return"] for ret in self.started[-1][1]["rets"]], ["x" * 1000] * 3)

    def test_room(self) -> None:
        """
        While a returner is down its returns take so much of the disk and no more: the log names
        each that is dropped, the oldest first.
        """
        self.deliveries = self.make(most_mib=1)
        with capturedLogs() as events:
            for jid in "12345":
                self.put(jid, value="x" * 300_000)
        dropped = [e["jid"] for e in events if e["log_level"] is LogLevel.error]
        self.assertEqual(dropped, ["2", "3"])  # the first is under way
        self.end({"failed": "down"})
        self.clock.advance(5)
        self.assertEqual(self.jids(), ["4", "5", "1"])

    def test_unreadable_for_a_while(self) -> None:
        """
        A return that cannot be read now, for want of descriptors say, is delivered later.
        """
        self.put("1")
        self.put("2")
        self.put("3")
        [_, second, _] = sorted(os.listdir(self.folder))
        os.rename(f"{self.folder}/{second}", f"{self.folder}/aside")
        os.mkdir(f"{self.folder}/{second}")
        self.end(None)
        self.assertEqual(self.jids(), ["3"])
        self.end(None)
        os.rmdir(f"{self.folder}/{second}")
        os.rename(f"{self.folder}/aside", f"{self.folder}/{second}")
        self.clock.advance(5)
        self.assertEqual(self.jids(), ["2"])

    def test_disk_with_room_again(self) -> None:
        """
        What the disk did not take at first is stored at the stop, or named in the log as lost.
        """
        os.rmdir(self.folder)
        self.put("1")
        self.put("2")
        self.deliveries.stopService()
        os.mkdir(self.folder)
        self.clock.advance(3)
        self.assertEqual(self.files(), 2)
        self.started[0][2].ended.callback(JobEnd(None, None, 0.0))
        self.deliveries = self.make()
        self.assertEqual(self.jids(), ["1", "2"])

    def test_of_publications(self) -> None:
        """
        The returners that a job names get its return with their options; always some others.
        """
        self.deliveries = self.make("always")
        load = {"cmd": "_return", "jid": "1", "id": "m1", "return": True}
        self.deliveries.take({"ret": "db, web", "ret_kwargs": {"a": 1}, "fun": "x"}, load)
        self.assertEqual([each[1]["returner"] for each in self.started], ["db", "web", "always"])
        ret = {"jid": "1", "id": "m1", "return": True, "ret_kwargs": {"a": 1}}
        self.assertEqual(self.started[0][1]["rets"], [ret])
        self.assertEqual(names_in(None), [])
        self.assertEqual(names_in(["a", " b ", ""]), ["a", "b"])


class FsyncTests(SynchronousTestCase):
    def test_flushed(self) -> None:
        """
        With outbox_fsync the return and its name are flushed before put returns.
        """
        flushed: list[int] = []
        self.patch(os, "fsync", flushed.append)
        self.patch(os, "fdatasync", flushed.append)
        for fsync, count in ((False, 0), (True, 2)):
            outbox = Outbox(self.mktemp(), fsync=fsync)
            outbox.entries()
            outbox.put({"jid": "1"}, 1.0)
            self.assertEqual(len(flushed), count)
