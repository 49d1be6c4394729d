"""Tests that there is always an answer, whatever comes in."""

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import NONCE, Place, key_pair
from txsalt.master.worker.answerer import SIGN_INS, answers
from txsalt.master.worker.bus import Outgoing
from txsalt.wire import auth_loads, envelope, event, serial

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


class SignInTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.messages: list[list[bytes]] = []
        self.place.bench.out = Outgoing(
            send_events=self.messages.append,
            send_publication=self.place.publication_frames.append,
            send_daemon=self.place.daemon_frames.append,
            max_event_size=self.place.config.max_event_size,
        )

    def test_together(self) -> None:
        """
        Sign-ins that come together are told and answered some at a time, each to its own minion.
        """
        ids = [f"m{number}" for number in range(SIGN_INS + 1)]
        ping = envelope.write_clear_request({"cmd": "ping"})
        requests = [_sign_in(each) for each in ids]
        said = list(answers(self.place.bench, [*requests, ping, b"garbage", requests[0]]))
        self.assertEqual([len(replies) for replies in said], [SIGN_INS, 1, 1, 1, 1])
        self.assertEqual(_nonces(said[0]), [NONCE + each for each in ids[:SIGN_INS]])
        self.assertEqual(_nonces([*said[1], *said[4]]), [NONCE + ids[SIGN_INS], NONCE + ids[0]])
        self.assertEqual(serial.unpack(said[2][0]), {"cmd": "ping"})
        self.assertEqual(serial.unpack(said[3][0]), BAD_LOAD)
        told = [
            [event.read_event(frame)[1]["id"] for frame in message] for message in self.messages
        ]
        self.assertEqual(told, [ids[:SIGN_INS], ids[SIGN_INS:], ids[:1]])

    def test_one_that_is_none(self) -> None:
        """
        A sign-in that cannot be read is refused, and those beside it are answered.
        """
        bad = envelope.write_clear_request({"cmd": "_auth", "id": "../m", "pub": "x"})
        said = list(answers(self.place.bench, [_sign_in("m1"), bad, _sign_in("m2")]))
        [[first, second, third]] = said
        self.assertEqual(_nonces([first, third]), [NONCE + "m1", NONCE + "m2"])
        self.assertEqual(serial.unpack(second), BAD_LOAD)
        self.assertEqual([len(message) for message in self.messages], [2])

    def test_a_job(self) -> None:
        """
        What is told of a job leaves in one message.
        """
        self.place.minion("m1")
        said = self.place.as_root("publish", fun="test.ping", tgt="m1", arg=[], ret="", jid="")
        self.assertEqual(said["load"]["minions"], ["m1"])
        [message] = self.messages
        tags = [event.read_event(frame)[0].rpartition("/")[2] for frame in message]
        self.assertEqual(tags, ["new", "publish"])


def _sign_in(minion_id: str) -> bytes:
    request = auth_loads.AuthRequest(
        minion_id=minion_id, nonce=NONCE + minion_id, pub=key_pair("minion").public.pem
    )
    return envelope.write_clear_request(request.load())


def _nonces(replies: list[bytes]) -> list[str | None]:
    read = [envelope.read_reply(each) for each in replies]
    return [
        auth_loads.read_inner(each.packed_load).nonce
        for each in read
        if isinstance(each, envelope.SignedReply)
    ]
