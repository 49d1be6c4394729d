"""A publisher that sees who listens."""

import struct

import zmq

from tests.sockets.support import SocketTestCase, until
from txsalt.sockets import watched_publish
from txsalt.sockets.subscribe import SubscribeSocket
from txsalt.sockets.watched_publish import WatchedPublishSocket, Watcher, plain_address


class WatchedPublishTests(SocketTestCase):
    """The master's public port."""

    def setUp(self) -> None:
        super().setUp()
        self.topics: dict[bytes, int] = {}
        self.addresses: dict[int, str] = {}
        self.known: list[bool] = []
        watcher = Watcher(
            connected=self.addresses.__setitem__,
            disconnected=lambda connection: self.addresses.pop(connection) and None,
            subscribed=self.subscribed,
        )
        self.publisher = WatchedPublishSocket(self.context, "tcp://127.0.0.1:*", watcher)
        self.endpoint = f"tcp://127.0.0.1:{self.publisher.port}"

    def subscribed(self, topic: bytes, connection: int) -> None:
        self.topics[topic] = connection
        self.known.append(connection in self.addresses)

    def listener(self, *topics: bytes) -> zmq.Socket:
        socket = self.plain(zmq.SUB, self.endpoint)
        for topic in topics:
            socket.subscribe(topic)
        return socket

    async def test_who_comes_and_goes(self) -> None:
        """
        A topic comes with its connection, which is known by then; the end of that is seen.
        """
        first, second = self.listener(b"", b"one"), self.listener(b"", b"two")
        await until(lambda: self.topics.keys() == {b"", b"one", b"two"})
        self.assertNotEqual(self.topics[b"one"], self.topics[b"two"])
        self.assertEqual(set(self.addresses.values()), {"127.0.0.1"})
        self.assertEqual(self.known, [True] * 3)
        first.close()
        await until(lambda: self.addresses.keys() == {self.topics[b"two"]})
        second.close()
        await until(lambda: not self.addresses)

    async def test_announcement(self) -> None:
        """
        What a listener of ours announces is seen each time, and nothing is sent to it for that.
        """
        states: list[str] = []
        got: list[list[bytes]] = []
        listener = SubscribeSocket(self.context, self.endpoint, [b"o"], got.append, states.append)
        await until(lambda: states == ["connected"])
        for _ in range(2):
            self.topics.clear()
            listener.announce(b"i-am/one")
            await until(lambda: b"i-am/one" in self.topics)
        self.assertEqual(list(self.addresses), [self.topics[b"i-am/one"]])
        self.publisher.send([b"i-am/one"])
        self.publisher.send([b"over"])
        await until(lambda: bool(got))
        self.assertEqual(got, [[b"over"]])

    async def test_once_to_each(self) -> None:
        """
        Who subscribes to all and to a topic gets each message once, in one frame or two.
        """
        listener = self.listener(b"", b"one")
        await until(lambda: b"one" in self.topics)
        self.publisher.send([b"sealed"])
        self.publisher.send([b"one", b"sealed"])
        self.publisher.send([b"end"])
        got: list[list[bytes]] = []
        while not got or got[-1] != [b"end"]:
            await until(lambda: bool(listener.poll(0)))
            got.append(listener.recv_multipart())
        self.assertEqual(got, [[b"sealed"], [b"one", b"sealed"], [b"end"]])

    async def test_words_that_are_no_subscription(self) -> None:
        """
        A peer that sends anything else upwards is not listened to.
        """
        peer = self.plain(zmq.XSUB, self.endpoint)
        for words in (b"\x02topic", b"topic", b""):
            peer.send(words)
        peer.send(b"\x01whole")
        await until(lambda: b"whole" in self.topics)
        self.assertEqual(list(self.topics), [b"whole"])

    def report(self, event: int, connection: int) -> None:
        """Let libzmq say this; its threads do so in another order on a busy machine only."""
        monitor = self.publisher._monitor
        assert monitor is not None
        monitor.messageReceived([struct.pack("=hi", event, connection), b"tcp://here"])

    def say(self, topic: bytes, connection: int) -> None:
        """Let a subscription come by a connection."""
        self.publisher._from = connection
        self.publisher.messageReceived([b"\x01" + topic])

    def test_late_report(self) -> None:
        """
        What comes by a connection before libzmq says that this has come is told after that, once.
        """
        self.say(b"one", 900)
        self.say(b"two", 900)
        self.assertEqual(self.topics, {})
        self.report(zmq.EVENT_ACCEPTED, 900)
        self.assertEqual((self.topics, self.known), ({b"one": 900, b"two": 900}, [True, True]))
        self.report(zmq.EVENT_DISCONNECTED, 900)
        self.topics.clear()
        self.report(zmq.EVENT_ACCEPTED, 900)
        self.assertEqual((self.topics, list(self.addresses)), ({}, [900]))

    def test_gone_before_it_came(self) -> None:
        """
        A connection whose end is reported before its beginning is none; the next one with its
        number is.
        """
        self.say(b"one", 900)
        self.report(zmq.EVENT_DISCONNECTED, 900)
        self.report(zmq.EVENT_ACCEPTED, 900)
        self.assertEqual((self.topics, self.addresses), ({}, {}))
        self.report(zmq.EVENT_ACCEPTED, 900)
        self.say(b"two", 900)
        self.assertEqual((self.topics, list(self.addresses)), ({b"two": 900}, [900]))

    def test_last_word_of_one_that_is_gone(self) -> None:
        """
        What was read too late, when its connection had gone, is not taken for the next one's; nor
        does anybody fill the memory with it.
        """
        self.patch(watched_publish, "_LATE_SECONDS", 0.0)
        self.report(zmq.EVENT_ACCEPTED, 900)
        self.report(zmq.EVENT_DISCONNECTED, 900)
        for number in range(1000):
            self.say(b"%d" % number, 900)
        assert self.publisher._monitor is not None
        self.assertLess(len(self.publisher._monitor._early[900][1]), 100)
        self.report(zmq.EVENT_ACCEPTED, 900)
        self.assertEqual((self.topics, list(self.addresses)), ({}, [900]))

    def test_mapped_addresses(self) -> None:
        """
        An IPv4 peer of an IPv6 socket is named by its IPv4 address.
        """
        self.assertEqual(plain_address("::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(plain_address("2001:db8::1"), "2001:db8::1")
