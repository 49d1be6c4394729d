"""Tests of the listener and of frames that do not open."""

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from tests.fakes.small_master import SmallMaster
from txsalt.minion.daemon.listener import Listener, ListenerSettings
from txsalt.protocol.publication import topic_of
from txsalt.protocol.sign_in import SignedIn
from txsalt.targeting.facts import Facts
from txsalt.wire.crypticle import generate_key_string
from txsalt.wire.job_loads import Publication


class FakeSubscription:
    def __init__(self, endpoint: str, topics: Sequence[bytes]) -> None:
        self.endpoint = endpoint
        self.topics = list(topics)
        self.closed = False
        self.announced: list[bytes] = []

    def announce(self, topic: bytes) -> None:
        self.announced.append(topic)

    def close(self) -> None:
        self.closed = True


class ListenerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.master = SmallMaster()
        self.jobs: list[Publication] = []
        self.passed: list[str] = []
        self.sockets: list[FakeSubscription] = []
        self.sign_ins = 0
        self.answer: Callable[[], Deferred[object]] = lambda: succeed(None)
        self.listener = self.make()

    def make(self, **changes: object) -> Listener:
        settings = ListenerSettings(minion_id="m1", **changes)
        listener = Listener(
            self.clock,
            settings,
            self.subscribe,
            lambda: Facts("m1", {"os": "Debian"}, {}),
            self.jobs.append,
            self.sign_in,
            self.passed.append,
        )
        listener.startService()
        listener.renew(self.keys())
        listener.connect("tcp://127.0.0.1:4505")
        self.addCleanup(listener.stopService)
        return listener

    def keys(self) -> SignedIn:
        return SignedIn(
            master_key=self.master.key.public,
            publish_port=4505,
            aes=self.master.aes,
            session=generate_key_string(),
        )

    def subscribe(
        self,
        endpoint: str,
        topics: Sequence[bytes],
        on_message: Callable[[list[bytes]], None],
        on_state: Callable[[str], None],
    ) -> FakeSubscription:
        self.deliver = on_message
        self.tell_state = on_state
        self.sockets.append(FakeSubscription(endpoint, topics))
        return self.sockets[-1]

    def sign_in(self) -> Deferred[object]:
        self.sign_ins += 1
        self.listener.renew(self.keys())
        return self.answer()

    def jids(self) -> list[str]:
        return [job.jid for job in self.jobs]

    def send(self, jid: str, **fields: object) -> bytes:
        frame = self.master.publish("test.ping", [], jid, **fields)
        self.deliver([frame])
        return frame

    def test_job(self) -> None:
        """
        A publication for this minion becomes a job, with or without a topic before it.
        """
        self.send("1")
        self.deliver([b"broadcast", self.master.publish("test.ping", [], "2")])
        self.assertEqual(self.jids(), ["1", "2"])

    def test_targets(self) -> None:
        """
        Publications for others are passed over, and do not use their job id up.
        """
        self.send("1", tgt="db*")
        self.send("1", tgt="os:debian", tgt_type="grain")
        self.send("2", tgt_type="unheard of")
        self.assertEqual(self.jids(), ["1"])
        self.assertEqual(self.passed, ["1", "2"])

    def test_replay(self) -> None:
        """
        A frame that comes twice, and a job id that comes twice, run once.
        """
        frame = self.send("1")
        self.deliver([frame])
        self.send("1")
        self.assertEqual(self.jids(), ["1"])

    def test_garbage(self) -> None:
        """
        What is no publication is dropped and costs no sign-in.
        """
        for parts in ([], [b""], [b"\xc1"], [b"\x80"], [b"a", b"b", b"c"], [b"x" * 1000]):
            self.deliver(parts)
        self.assertEqual((self.jids(), self.sign_ins), ([], 0))

    def test_unsigned(self) -> None:
        """
        With sign_pub_messages an unsigned publication is refused.
        """
        self.listener = self.make(require_signature=True)
        self.master.sealer.key = None
        self.send("1")
        self.assertEqual(self.jids(), [])

    def test_forged_signature(self) -> None:
        """
        A publication under the shared key, which all minions know, but signed by another: refused.
        """
        self.master.sealer.key = SmallMaster("other").key
        self.send("1")
        self.assertEqual((self.jids(), self.sign_ins), ([], 0))

    def test_rotated_key(self) -> None:
        """
        The very frame that did not open is run after the sign-in, in its turn.
        """
        waiting: Deferred[object] = Deferred()
        self.answer = lambda: waiting
        self.master.rotate()
        self.deliver([SmallMaster().publish("test.ping", [], "0")])
        frames = [self.master.publish("test.ping", [], jid) for jid in ("1", "2")]
        self.listener.renew(self.keys())
        self.master.rotate()
        for frame in [self.master.publish("test.ping", [], jid) for jid in ("3", "4")]:
            self.deliver([frame])
        self.assertEqual(self.jids(), [])
        self.listener.renew(self.keys())
        waiting.callback(None)
        self.assertEqual(self.jids(), ["3", "4"])
        self.assertEqual(self.sign_ins, 1)
        self.assertEqual(len(frames), 2)

    def test_flood(self) -> None:
        """
        Forged frames cost one sign-in at once and then one in ten seconds, however many come.
        """
        forger = SmallMaster()
        for number in range(35):
            for _ in range(20):
                self.deliver([forger.publish("test.ping", [], str(number))])
            self.send(str(number))
            self.clock.advance(1)
        self.assertEqual(self.jids(), [str(number) for number in range(35)])
        self.assertEqual(self.sign_ins, 4)

    def test_rotations_in_a_row(self) -> None:
        """
        A key that rotates several times in a row is noticed at once each time; no job is lost.
        """
        for jid in ("1", "2", "3"):
            self.master.rotate()
            self.send(jid)
        self.assertEqual(self.jids(), ["1", "2", "3"])

    def test_rotation_after_forged_frames(self) -> None:
        """
        A key that rotates soon after forged frames is noticed a little later; no job is lost.
        """
        self.deliver([SmallMaster().publish("test.ping", [], "0")])
        self.master.rotate()
        self.send("1")
        self.assertEqual(self.jids(), [])
        self.clock.advance(10)
        self.assertEqual(self.jids(), ["1"])

    def test_old_frames(self) -> None:
        """
        A job that could not be read for more than a minute is not run any more.
        """
        waiting: Deferred[object] = Deferred()
        self.answer = lambda: waiting
        old_keys = self.keys()
        self.master.rotate()
        self.send("1")
        self.listener.renew(old_keys)
        self.clock.advance(61)
        self.listener.renew(self.keys())
        waiting.callback(None)
        self.assertEqual(self.jids(), [])

    def test_topics(self) -> None:
        """
        Only what concerns this minion is subscribed, whether or not the master filters.
        """
        maps = [bytes([0x80 + fields]) for fields in range(2, 7)]
        self.assertEqual(self.sockets[0].topics, [*maps, b"broadcast", topic_of("m1")[:3]])
        self.make(filtered=True)
        self.assertEqual(self.sockets[1].topics, [b"broadcast", topic_of("m1")[:3]])

    def test_announces_itself(self) -> None:
        """
        A txsalt master learns of each connection whose it is.
        """
        for state in ("connected", "disconnected", "connected"):
            self.tell_state(state)
        self.assertEqual(self.sockets[0].announced, [b"i-am/" + topic_of("m1")] * 2)

    def test_copy_for_another(self) -> None:
        """
        A copy for a minion whose topic begins alike is dropped without a word.
        """
        frame = self.send("20260101000000000077", tgt="*")
        before = len(self.jobs)
        with capturedLogs() as events:
            self.deliver([topic_of("m1")[:3] + topic_of("m2")[3:], frame])
            self.clock.advance(100)
        self.assertEqual((len(self.jobs), events), (before, []))

    def test_moved_master(self) -> None:
        """
        The same place again changes nothing; another place replaces the connection.
        """
        self.listener.connect("tcp://127.0.0.1:4505")
        self.assertEqual(len(self.sockets), 1)
        self.listener.connect("tcp://127.0.0.2:4505")
        self.assertTrue(self.sockets[0].closed)

    def test_stop(self) -> None:
        """
        After the stop nothing is run, and no timer is left; stopping twice is no error.
        """
        deliver, frame = self.deliver, self.master.publish("test.ping", [], "1")
        deliver([SmallMaster().publish("test.ping", [], "0")])
        deliver([SmallMaster().publish("test.ping", [], "0")])
        self.listener.stopService()
        self.listener.stopService()
        deliver([frame])
        self.assertEqual(self.jids(), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
