"""Tests of the returns and their outbox."""

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import RequestRefused, RequestTimedOut
from txsalt.minion.daemon.outbox import Outbox
from txsalt.minion.daemon.returns import Returns, ReturnSettings


def load(jid: str, value: Any = True) -> dict[str, Any]:
    return {"cmd": "_return", "id": "m1", "jid": jid, "fun": "f", "fun_args": [], "return": value}


class ReturnsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.folder = self.mktemp()
        self.sent: list[tuple[str, Deferred[Any]]] = []
        self.values: list[Any] = []
        self.returns = self.make()

    def make(self, most_mib: int = 0) -> Returns:
        settings = ReturnSettings(most_mib=most_mib)
        returns = Returns(
            self.clock, Outbox(self.folder), self.request, settings, lambda low, high: low
        )
        returns.startService()
        return returns

    def request(self, load: dict[str, Any], *, timeout: float, tries: int) -> Deferred[Any]:
        self.assertEqual((timeout, tries), (5.0, 1))
        answer: Deferred[Any] = Deferred()
        self.sent.append((load["jid"], answer))
        self.values.append(load.get("return"))
        return answer

    def jids(self) -> list[str]:
        return [jid for jid, _ in self.sent]

    def files(self) -> int:
        return len(os.listdir(self.folder))

    def deny(self, reason: Exception) -> None:
        self.sent[-1][1].errback(reason)

    def test_acknowledged(self) -> None:
        """
        A return is on disk until the master acknowledged it, readable by its owner only.
        """
        self.returns.put(load("1"))
        [name] = os.listdir(self.folder)
        self.assertEqual(os.stat(f"{self.folder}/{name}").st_mode & 0o777, 0o600)
        self.sent[0][1].callback(None)
        self.assertEqual((self.files(), self.returns.waiting), (0, 0))

    def test_in_order(self) -> None:
        """
        Returns are sent one after the other, in the order in which the jobs ended.
        """
        for jid in "123":
            self.returns.put(load(jid))
        self.assertEqual(self.jids(), ["1"])
        self.sent[0][1].callback(None)
        self.sent[1][1].callback(None)
        self.assertEqual(self.jids(), ["1", "2", "3"])

    def test_retried(self) -> None:
        """
        Without an answer a return is sent again, after ever longer pauses, and never given up.
        """
        self.returns.put(load("1"))
        for pause in (5, 10, 20, 40, 80, 160, 300, 300):
            self.deny(RequestTimedOut(5))
            before = len(self.sent)
            self.clock.advance(pause - 0.1)
            self.assertEqual(len(self.sent), before)
            self.clock.advance(0.2)
            self.assertEqual(len(self.sent), before + 1)
        self.assertEqual(self.files(), 1)

    def test_hurry(self) -> None:
        """
        A sign-in ends the pause.
        """
        self.returns.put(load("1"))
        self.deny(RequestTimedOut(5))
        self.returns.hurry()
        self.assertEqual(self.jids(), ["1", "1"])

    def test_trouble(self) -> None:
        """
        It is known of each job whether its return waits, and why the master does not take it.
        """
        self.assertIsNone(self.returns.trouble("1"))
        self.returns.put(load("1"))
        self.assertEqual(self.returns.trouble("1"), "")
        self.deny(RequestRefused("no"))
        self.assertIn("no", str(self.returns.trouble("1")))
        self.returns.hurry()
        self.sent[-1][1].callback(None)
        self.assertIsNone(self.returns.trouble("1"))

    def test_refused(self) -> None:
        """
        A return that the master refuses does not hold up the others.
        """
        self.returns.put(load("1"))
        self.returns.put(load("2"))
        self.deny(RequestRefused("no"))
        self.clock.advance(5)
        self.assertEqual(self.jids(), ["1", "2"])
        self.sent[1][1].callback(None)
        self.sent[2][1].callback("")
        self.assertEqual(self.jids(), ["1", "2", "1"])
        self.assertEqual(self.returns.waiting, 1)

    def test_restart(self) -> None:
        """
        What a former run could not deliver is sent first, in its order.
        """
        for jid in "12":
            self.returns.put(load(jid))
        stopped = self.returns.stopService()
        self.clock.advance(2)
        self.successResultOf(stopped)
        self.assertTrue(self.sent[0][1].called)
        self.sent.clear()
        again = self.make()
        again.put(load("3"))
        for number in range(3):
            self.sent[number][1].callback(None)
        self.assertEqual(self.jids(), ["1", "2", "3"])
        self.assertEqual(self.files(), 0)

    def test_no_text(self) -> None:
        """
        A result with the name of a file that is no UTF-8 outlives a restart like any other.
        """
        self.returns.put(load("1", {"name": "caf\udce9"}))
        self.returns.stopService()
        self.clock.advance(2)
        self.make()
        self.assertEqual(self.jids(), ["1", "1"])
        self.assertEqual(self.values[1], {"name": "caf\udce9"})

    def test_stop_waits_a_moment(self) -> None:
        """
        A stop lets returns leave while the master answers.
        """
        self.returns.put(load("1"))
        self.returns.put(load("2"))
        stopped = self.returns.stopService()
        self.sent[0][1].callback(None)
        self.assertNoResult(stopped)
        self.sent[1][1].callback(None)
        self.successResultOf(stopped)
        self.successResultOf(self.returns.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_master_away_for_days(self) -> None:
        """
        A master that was away for a weekend gets Friday's results.
        """
        self.returns.put(load("1"))
        self.deny(RequestTimedOut(5))
        for _ in range(3 * 24 * 3600 // 300):
            self.clock.advance(300)
            if not self.sent[-1][1].called:
                self.deny(RequestTimedOut(5))
        self.assertEqual(self.files(), 1)
        self.clock.advance(300)
        self.sent[-1][1].callback(None)
        self.assertEqual((self.files(), self.returns.waiting), (0, 0))

    def test_room(self) -> None:
        """
        When more waits than may wait, the oldest are dropped, and the log says which and why.
        """
        self.returns = self.make(most_mib=1)
        self.returns.put(load("1", b"x" * 400_000))
        self.deny(RequestTimedOut(5))
        with capturedLogs() as events:
            for jid in "2345":
                self.clock.advance(1)
                self.returns.put(load(jid, b"x" * 400_000))
        dropped = [e for e in events if e["log_level"] is LogLevel.error]
        self.assertEqual([each["jid"] for each in dropped], ["1", "2", "3"])
        self.assertIn("more than 1 MiB (outbox_max_mib)", formatEvent(dropped[0]))
        self.assertEqual((self.files(), self.returns.waiting), (2, 2))

    def test_room_among_refused(self) -> None:
        """
        A master that stores nothing, as its disk is full, does not fill the disks of minions.
        """
        self.returns = self.make(most_mib=1)
        for jid in "1234":
            self.returns.put(load(jid, b"x" * 400_000))
            self.deny(RequestRefused("the disk is full"))
        self.assertEqual(self.jids(), ["1", "2", "3", "4"])
        self.assertEqual((self.files(), self.returns.waiting), (2, 2))

    def test_room_for_the_last(self) -> None:
        """
        What is on its way, and the last return, are not dropped, however large.
        """
        self.returns = self.make(most_mib=1)
        for jid in "12":
            self.returns.put(load(jid, b"x" * 2_000_000))
        self.assertEqual((self.jids(), self.returns.waiting), (["1"], 2))

    def test_little_memory(self) -> None:
        """
        Many returns that wait do so on disk, and leave whole.
        """
        for jid in "123":
            self.returns.put(load(jid, b"x" * 3_000_000))
        self.assertEqual([each.is_slim for each in self.returns._queue], [False, True, True])
        for number in range(3):
            self.sent[number][1].callback(None)
        self.assertEqual([len(value) for value in self.values], [3_000_000] * 3)
        self.assertEqual(self.files(), 0)

    def test_removed_by_hand(self) -> None:
        """
        A return whose file is gone does not hold up the others.
        """
        self.returns.put(load("1"))
        self.returns.put(load("2"))
        stopped = self.returns.stopService()
        self.clock.advance(2)
        self.successResultOf(stopped)
        self.sent.clear()
        self.returns = self.make()
        os.unlink(f"{self.folder}/{max(os.listdir(self.folder))}")
        with capturedLogs() as events:
            self.sent[0][1].callback(None)
        self.assertEqual([e["jid"] for e in events if e["log_level"] is LogLevel.error], ["2"])
        self.assertEqual((self.jids(), self.returns.waiting), (["1"], 0))

    def test_refused_for_ever(self) -> None:
        """
        A return that the master never takes is kept, and delays no other.
        """
        self.returns.put(load("1"))
        for pause in (5, 10, 20):
            self.deny(RequestRefused("no"))
            self.clock.advance(pause)
        self.deny(RequestRefused("no"))
        self.returns.put(load("2"))
        self.assertEqual(self.jids(), ["1", "1", "1", "1", "2"])
        self.sent[-1][1].callback(None)
        self.assertEqual((len(self.sent), self.files()), (5, 1))
        self.clock.advance(40)
        self.assertEqual(self.jids()[-1], "1")

    def test_switched_off_for_days(self) -> None:
        """
        What a machine was switched off with is sent once it is on again, however late.
        """
        self.returns.put(load("1"))
        stopped = self.returns.stopService()
        self.clock.advance(2)
        self.successResultOf(stopped)
        self.sent.clear()
        self.clock.advance(3 * 24 * 3600)
        self.make()
        self.assertEqual(self.jids(), ["1"])

    def test_left_alone(self) -> None:
        """
        A file that cannot be read does not stop the start; it stays, and the log names it.
        """
        os.mkdir(f"{self.folder}/0000000000000007.return")
        with capturedLogs() as events:
            self.returns = self.make()
        self.assertEqual([e["name"] for e in events if "name" in e], ["0000000000000007.return"])
        self.returns.put(load("1"))
        self.assertEqual(self.jids(), ["1"])

    def test_garbage_on_disk(self) -> None:
        """
        Files that are no returns do not stop the start.
        """
        for name, content in (("1.return", b"\xc1"), ("x.return", b"\x80"), ("2.return.new", b"")):
            with open(f"{self.folder}/{name}", "wb") as file:
                file.write(content)
        self.make()
        self.assertEqual((self.files(), self.jids()), (0, []))

    def test_unsendable(self) -> None:
        """
        A result that the wire cannot carry is replaced by a text that says so.
        """
        self.returns.put(load("1", object()))
        self.sent[0][1].callback(None)
        self.returns.put(load("2", b"x" * (61 * 1024 * 1024)))
        entry = self.returns._queue[0]
        self.assertIn("is not sent", entry.load["return"])
        self.assertIs(entry.load["success"], False)

    def test_full_disk(self) -> None:
        """
        When the disk takes nothing the return is still sent.
        """
        os.rmdir(self.folder)
        with capturedLogs() as events:
            self.returns.put(load("1"))
        self.assertEqual(events[0]["log_level"], LogLevel.error)
        self.sent[0][1].callback(None)
        self.assertEqual(self.returns.waiting, 0)

    def test_disk_with_room_again(self) -> None:
        """
        What the disk did not take at first is stored as soon as it takes returns, or at the stop.
        """
        os.rmdir(self.folder)
        for jid in "123":
            self.returns.put(load(jid))
        os.mkdir(self.folder)
        self.returns.put(load("4"))
        self.assertEqual(self.files(), 3)  # the first is on its way
        stopped = self.returns.stopService()
        self.clock.advance(2)
        self.successResultOf(stopped)
        self.assertEqual((self.files(), self.returns.waiting), (4, 0))
        self.sent.clear()
        self.make()
        for number in range(4):
            self.sent[number][1].callback(None)
        self.assertEqual(sorted(self.jids()), ["1", "2", "3", "4"])

    def test_lost_at_the_stop(self) -> None:
        """
        A return that neither disk nor master take before the minion ends is named in the log.
        """
        os.rmdir(self.folder)
        self.returns.put(load("1"))
        with capturedLogs() as events:
            self.returns.stopService()
            self.clock.advance(2)
        [error] = [each for each in events if each["log_level"] is LogLevel.error]
        self.assertIn("the return of job 1 (f) is lost", formatEvent(error))
