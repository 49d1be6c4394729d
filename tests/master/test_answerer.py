"""Tests that there is always an answer, whatever comes in."""

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import NONCE, Place, key_pair
from txsalt.master.worker.answerer import PUBLISHES, SIGN_INS, answers
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
            send_publications=self.messages.append,
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
        A job and what is told of it leave in one message.
        """
        self.place.minion("m1")
        said = self.place.as_root("publish", fun="test.ping", tgt="m1", arg=[], ret="", jid="")
        self.assertEqual(said["load"]["minions"], ["m1"])
        [message] = self.messages
        tags = [event.read_event(frame)[0].rpartition("/")[2] for frame in message[:-1]]
        self.assertEqual(tags, ["new", "publish"])
        self.assertEqual(serial.unpack_bin(message[-1])["load"]["tgt"], "m1")


class PublishTests(SynchronousTestCase):
    """Jobs that are asked for at the same time."""

    def setUp(self) -> None:
        self.place = Place(self)
        self.place.minion("m1")
        self.events: list[list[bytes]] = []
        self.jobs: list[list[bytes]] = []
        self.place.bench.out = Outgoing(
            send_events=self.events.append,
            send_publications=self.jobs.append,
            send_daemon=self.place.daemon_frames.append,
            max_event_size=self.place.config.max_event_size,
        )

    def say(self, *payloads: bytes) -> list[list[object]]:
        said = list(answers(self.place.bench, payloads))
        return [[serial.unpack(reply) for reply in replies] for replies in said]

    def request(
        self, jid: str = "", tgt: str = "m1", key: str = "", tgt_type: str = "glob"
    ) -> bytes:
        return envelope.write_clear_request(
            {"cmd": "publish", "fun": "test.ping", "tgt": tgt, "tgt_type": tgt_type, "arg": [],
             "ret": "", "jid": jid, "user": "root", "key": key or self.place.root_key}
        )  # fmt: skip

    def test_together(self) -> None:
        """
        Each gets its own answer; jobs are sent in order, in one message, and so are their events.
        """
        one, two = "20260101000000000001", "20260101000000000002"
        [replies] = self.say(
            self.request(one),
            self.request(tgt="nobody"),
            self.request(key="wrong"),
            self.request(one),
            self.request(two),
            self.request(),
        )
        loads = [reply.get("load") for reply in replies if isinstance(reply, dict)]
        jids = [load and load["jid"] for load in loads]
        self.assertEqual((jids[:5], bool(jids[5])), ([one, None, None, None, two], True))
        self.assertIn("could not resolve", loads[1]["error"])
        self.assertIsNone(loads[2])
        self.assertIn("was used before", loads[3]["error"])
        [message] = self.jobs
        tags = [event.read_event(frame)[0].rpartition("/")[2] for frame in message[:6]]
        self.assertEqual(tags, ["new", "publish"] * 3)
        sent = [serial.unpack_bin(frame)["load"]["jid"] for frame in message[6:]]
        self.assertEqual((sent, self.events), ([one, two, jids[5]], []))
        self.assertEqual([bool(self.place.bench.jobs.job(jid)) for jid in sent], [True] * 3)

    def test_so_many_at_a_time(self) -> None:
        """
        A crowd is answered some at a time, and not together with others.
        """
        ping = envelope.write_clear_request({"cmd": "ping"})
        said = self.say(*[self.request()] * (PUBLISHES + 2), ping, self.request(), _sign_in("m2"))
        self.assertEqual([len(replies) for replies in said], [PUBLISHES, 2, 1, 1, 1])
        self.assertEqual([len(message) for message in self.jobs], [PUBLISHES * 3, 6, 3])

    def test_store_that_fails(self) -> None:
        """
        Where jobs cannot be stored nothing is sent, and each is told so.
        """
        self.place.bench.jobs._connection.execute("PRAGMA query_only=1")
        with self.assertLogs("txsalt.master.worker", "ERROR"):
            [replies] = self.say(self.request(), self.request())
        self.assertEqual([each["error"]["name"] for each in replies], ["StoreError"] * 2)
        self.assertEqual((self.jobs, self.events), ([], []))

    def test_facts_that_cannot_be_read(self) -> None:
        """
        Where a target cannot be worked out as the store fails, each is told so as well.
        """
        self.place.bench.facts._connection.execute("DROP TABLE facts")
        one, two = (self.request(tgt="os:Debian", tgt_type="grain") for _ in range(2))
        with self.assertLogs("txsalt.master.worker", "ERROR") as logged:
            [replies] = self.say(one, two)
        self.assertEqual([each["error"]["name"] for each in replies], ["StoreError"] * 2)
        self.assertNotIn("Traceback", "".join(logged.output))


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
