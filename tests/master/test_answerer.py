"""Tests that there is always an answer, whatever comes in."""

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import Place
from txsalt.wire import envelope, serial

BAD_LOAD = "bad load"


class GarbageTests(SynchronousTestCase):
    def test_always_the_same_answer(self) -> None:
        """
        Broken requests get a constant answer and leave the worker serving.
        """
        place = Place(self)
        good = {"cmd": "ping"}
        for payload in (
            b"",
            b"\xc1",
            b"\x81",
            serial.pack(None),
            serial.pack([1]),
            serial.pack({}),
            serial.pack({"enc": "clear"}),
            serial.pack({"enc": "clear", "load": [], "version": 3}),
            serial.pack({"enc": "rot13", "load": good, "version": 3}),
            serial.pack({"enc": "clear", "load": good}),
            serial.pack({"enc": "clear", "load": {1: 2}, "version": 3}),
            serial.pack({"enc": "aes", "load": {}, "version": 3, "id": "m1"}),
            serial.pack({"enc": "aes", "load": b"\xff" * 100, "version": 3, "id": "m1"}),
            serial.pack({"enc": "aes", "load": b"\xff" * 96, "version": 3, "id": "../m1"}),
            b"\x91" * 5000 + b"\xc0",
            b"\xdf\xff\xff\xff\xff",
        ):
            self.assertEqual(place.ask(payload), BAD_LOAD, payload[:30])
        self.assertEqual(place.say(good), good)
        self.assertGreater(sum(place.bench.refusals.counts.values()), 10)
        self.assertEqual(envelope.BAD_LOAD, BAD_LOAD)

    def test_one_line_for_many_refusals(self) -> None:
        """
        A flood of broken requests is one line in the log, and one more with the number.
        """
        place = Place(self)
        with self.assertLogs("txsalt.master.worker", "WARNING") as logged:
            for _ in range(100):
                place.ask(b"\xc1")
            place.clock.now += 2
            place.bench.refusals.flush()
        self.assertEqual(len(logged.output), 2)
        self.assertIn("99 more", logged.output[1])
        self.assertFalse(place.bench.refusals.waiting)

    def test_a_bug_in_a_handler(self) -> None:
        """
        A bug is logged with its traceback, the minion is answered, the next request served.
        """
        place = Place(self)
        minion = place.minion("m1")
        self.patch(place.bench, "mine", None)
        with self.assertLogs("txsalt.master.worker", "ERROR") as logged:
            self.assertEqual(minion.ask("_mine_flush"), "")
        self.assertIn("AttributeError", logged.output[0])
        self.assertEqual(minion.ask("_file_envs"), ["base"])
