"""Publications and the event bus."""

import zmq

from tests.sockets.support import SocketTestCase, until
from txsalt.sockets.publish import EventPublishSocket, PublishSocket
from txsalt.sockets.push_pull import PullSocket
from txsalt.sockets.subscribe import SubscribeSocket


class SubscribeTests(SocketTestCase):
    """A minion listens to its master."""

    def setUp(self) -> None:
        super().setUp()
        self.got: list[list[bytes]] = []
        self.states: list[str] = []

    def subscribe(self, endpoint: str, *topics: bytes) -> SubscribeSocket:
        return SubscribeSocket(self.context, endpoint, topics, self.got.append, self.states.append)

    async def test_state(self) -> None:
        """
        The listener hears that the master came, went, and came back.
        """
        endpoint = self.ipc()
        self.subscribe(endpoint, b"")
        self.assertEqual(self.states, [])
        publisher = self.plain(zmq.XPUB, endpoint, bind=True)
        await until(lambda: self.states == ["connected"])
        publisher.close()
        await until(lambda: self.states == ["connected", "disconnected"])
        self.plain(zmq.XPUB, endpoint, bind=True)
        await until(lambda: self.states == ["connected", "disconnected", "connected"])

    async def test_topics(self) -> None:
        """
        Only what was subscribed to arrives, in all its frames.
        """
        publisher = PublishSocket(self.context, "tcp://127.0.0.1:*")
        self.subscribe(f"tcp://127.0.0.1:{publisher.port}", b"broadcast", b"me")

        def published() -> bool:
            publisher.send([b"other", b"no"])
            publisher.send([b"broadcast", b"load\0with\0NUL"])
            publisher.send([b"me", b"mine"])
            return len(self.got) >= 2

        await until(published)
        self.assertEqual(
            {tuple(parts) for parts in self.got},
            {(b"broadcast", b"load\0with\0NUL"), (b"me", b"mine")},
        )

    def test_close_in_any_order(self) -> None:
        """
        A context with watched sockets ends at once, whichever socket it closes first.
        """
        sockets = [self.subscribe(self.ipc(), b"") for _ in range(8)]
        sockets[0].close()
        sockets[0].close()
        self.context.stopService()
        self.assertTrue(all(socket.closed for socket in sockets))

    async def test_flapping_publisher(self) -> None:
        """
        A publisher that comes and goes many times does not stop the reports.
        """
        endpoint = self.ipc()
        self.subscribe(endpoint, b"")
        for number in range(1, 6):
            publisher = self.plain(zmq.XPUB, endpoint, bind=True)
            await until(lambda n=number: self.states.count("connected") == n)
            publisher.close()
            await until(lambda n=number: self.states.count("disconnected") == n)


class EventBusTests(SocketTestCase):
    """A local bus, used with plain pyzmq."""

    async def test_live_tag(self) -> None:
        """
        A subscriber learns that it is live, and its earlier subscriptions work from then on.
        """
        endpoint = self.ipc()

        def subscribed(topic: bytes) -> None:
            if topic.startswith(b"txsalt/live/"):
                bus.send(topic + b"\n\n\x80")

        bus = EventPublishSocket(self.context, endpoint, subscribed)
        sub = self.plain(zmq.SUB, endpoint)
        sub.subscribe(b"salt/job/")
        sub.subscribe(b"txsalt/live/abc")
        await until(lambda: bool(sub.poll(0)))
        self.assertEqual(sub.recv(), b"txsalt/live/abc\n\n\x80")
        bus.send(b"salt/auth\n\n\x80")
        bus.send(b"salt/job/1/new\n\n\x80")
        await until(lambda: bool(sub.poll(0)))
        self.assertEqual(sub.recv(), b"salt/job/1/new\n\n\x80")

    async def test_foreign_messages(self) -> None:
        """
        A subscriber that sends anything but subscriptions upwards is not listened to.
        """
        endpoint = self.ipc()
        topics: list[bytes] = []
        EventPublishSocket(self.context, endpoint, topics.append)
        peer = self.plain(zmq.XSUB, endpoint)
        peer.send(b"hello")
        peer.send(b"\x00never")
        peer.send(b"")
        peer.send(b"\x01tag")
        await until(lambda: bool(topics))
        self.assertEqual(topics, [b"tag"])

    async def test_many_frames_to_pull(self) -> None:
        """
        An event of two frames is dropped and counted, the next one arrives.
        """
        endpoint = self.ipc()
        got: list[bytes] = []
        pull = PullSocket(self.context, endpoint, got.append)
        push = self.plain(zmq.PUSH, endpoint)
        push.send_multipart([b"a", b"b"])
        push.send(b"event")
        await until(lambda: got == [b"event"])
        self.assertEqual(pull.garbage, 1)
