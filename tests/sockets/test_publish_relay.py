"""What a master's relay does with what its workers push to it."""

import zmq
from twisted.logger import LogLevel, capturedLogs

from tests.sockets.support import SocketTestCase, until
from txsalt.master.daemon.publish_relay import PublishRelay
from txsalt.protocol.publication import BROADCAST, Sealer, topic_of
from txsalt.sockets.watched_publish import Watcher
from txsalt.wire import event, job_loads, serial
from txsalt.wire.crypticle import Crypticle, generate_key_string

BROKEN = {
    "no value": b"\xc1",
    "cut short": b"\x81\xa4load",
    "a list": serial.pack_bin([1, 2]),
    "no load": serial.pack_bin({"topics": None}),
    "a load that is no map": serial.pack_bin({"load": 5, "topics": None}),
    "topics that are no list": serial.pack_bin({"load": {"jid": "0"}, "topics": 5}),
    "topics that are no text": serial.pack_bin({"load": {"jid": "0"}, "topics": [5]}),
}


def job(jid: str, topics: list[str] | None = None) -> bytes:
    """A publication as workers push it."""
    return serial.pack_bin({"load": {"jid": jid, "fun": "test.ping"}, "topics": topics})


def new_job(jid: str) -> bytes:
    """The event that tells of a job."""
    return event.write_event(f"salt/job/{jid}/new", {"jid": jid})


class FromWorkersTests(SocketTestCase):
    """Events and publications that come together."""

    def setUp(self) -> None:
        super().setUp()
        self.crypticle = Crypticle(generate_key_string())
        # Events that were fired, with the serial of the last publication until then.
        self.fired: list[tuple[list[bytes], int]] = []
        self.heard: list[tuple[bytes, str, int]] = []  # topic, jid, serial

    async def start(self, *, filtering: bool = False) -> None:
        """Start a relay with a worker and a minion that hears everything."""
        subscribed: list[bytes] = []
        watcher = Watcher(
            connected=lambda *_: None,
            disconnected=lambda _: None,
            subscribed=lambda topic, _: subscribed.append(topic),
        )
        endpoint = self.ipc()
        self.relay = PublishRelay(
            self.context,
            endpoint,
            "tcp://127.0.0.1:*",
            hwm=1000,
            filtering=filtering,
            watcher=watcher,
        )
        self.relay.fire = lambda events: self.fired.append((events, self.relay.serial))
        self.relay.startService()
        self.addCleanup(self.relay.stopService)
        self.relay.use(Sealer(self.crypticle, 0))
        self.worker = self.plain(zmq.PUSH, endpoint)
        self.minion = self.plain(zmq.SUB, f"tcp://127.0.0.1:{self.relay.port}")
        self.minion.subscribe(b"")
        await until(lambda: bool(subscribed))

    async def hear(self, count: int) -> None:
        """Wait until the minion has heard so many publications in all."""

        def look() -> bool:
            while self.minion.poll(0):
                *topic, frame = self.minion.recv_multipart()
                sealed = job_loads.read_sealed_publication(frame)
                load = self.crypticle.open(sealed.box)
                self.heard.append((b"".join(topic), load["jid"], load["serial"]))
            return len(self.heard) >= count

        await until(look)

    async def test_events_first(self) -> None:
        """
        Who follows the events hears of each job before any minion may return from it.
        """
        await self.start()
        self.worker.send_multipart([new_job("1"), job("1"), new_job("2"), job("2")])
        await self.hear(2)
        self.assertEqual(self.fired, [([new_job("1"), new_job("2")], 0)])

    async def test_order(self) -> None:
        """
        Jobs and events leave in the order in which they came, in however many messages.
        """
        await self.start()
        jids = [str(number) for number in range(200)]
        for one, two in zip(jids[::2], jids[1::2], strict=True):
            self.worker.send_multipart([new_job(one), new_job(two), job(one), job(two)])
        await self.hear(len(jids))
        expected = [(b"", jid, number) for number, jid in enumerate(jids, 1)]
        self.assertEqual(self.heard, expected)
        events = [each for run, _ in self.fired for each in run]
        self.assertEqual(events, [new_job(jid) for jid in jids])

    async def test_events_of_a_held_job(self) -> None:
        """
        While the shared key changes, jobs wait and keep their order; their events do not wait.
        """
        await self.start()
        self.relay.hold()
        self.worker.send_multipart([new_job("1"), job("1")])
        self.worker.send_multipart([new_job("2"), job("2")])
        await until(lambda: sum(len(run) for run, _ in self.fired) == 2)
        self.assertEqual(self.relay.serial, 0)
        self.relay.use(Sealer(self.crypticle, 7))
        await self.hear(2)
        self.assertEqual(self.heard, [(b"", "1", 8), (b"", "2", 9)])

    async def test_broken(self) -> None:
        """
        What is no job is refused and logged, and the jobs beside it are published.
        """
        await self.start()
        for number, (what, frame) in enumerate(BROKEN.items(), 1):
            with capturedLogs() as logged:
                self.worker.send_multipart([new_job(what), frame, job(what)])
                await self.hear(number)
            self.assertEqual(self.heard[-1][:2], (b"", what))
            self.assertEqual([each["log_level"] for each in logged], [LogLevel.error], what)
            self.assertEqual(self.fired[-1][0], [new_job(what)])

    async def test_filtered(self) -> None:
        """
        With zmq_filtering a job has one serial, under however many topics; all hear the others.
        """
        await self.start(filtering=True)
        self.worker.send_multipart([job("1", ["a", "b"]), job("2", []), job("3")])
        await self.hear(3)
        self.assertEqual(
            self.heard, [(topic_of("a"), "1", 1), (topic_of("b"), "1", 1), (BROADCAST, "3", 3)]
        )

    async def test_filtered_with_others(self) -> None:
        """
        While a minion listens that does not filter, a job leaves once: it would hear each copy.
        """
        await self.start(filtering=True)
        self.relay.audience = lambda: (3, 1)
        self.worker.send_multipart([job("1", ["a", "b"])])
        await self.hear(1)
        self.relay.nudge({"jid": "2", "fun": "test.ping"}, ["a"])
        self.relay.audience = lambda: (2, 0)
        self.worker.send_multipart([job("3", ["a"])])
        await self.hear(2)
        self.assertEqual(self.heard, [(BROADCAST, "1", 1), (topic_of("a"), "3", 2)])
