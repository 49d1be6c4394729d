"""The base of all sockets: fairness, wake-ups, queueing, ending."""

import contextlib
import gc
import os
import threading
import time

import zmq
from twisted.internet import reactor
from twisted.internet.task import LoopingCall

from tests.sockets.support import SocketTestCase, until
from txsalt.errors import EndpointUnusable, QueueFull
from txsalt.sockets import connection
from txsalt.sockets.context import LiveFactory, SocketContext
from txsalt.sockets.dealer import DealerSocket
from txsalt.sockets.publish import EventPublishSocket, PublishSocket
from txsalt.sockets.push_pull import PullSocket, PushSocket


class FairnessTests(SocketTestCase):
    """A busy socket does not take the reactor for itself."""

    async def test_flood(self) -> None:
        """
        A timer keeps ticking while senders flood a socket without a pause.
        """
        endpoint = self.ipc()
        counts = [0, 0]

        def received(frame: bytes) -> None:
            counts[0] += 1

        def tick() -> None:
            counts[1] += 1
            if counts[1] == 40:
                ticking.stop()

        PullSocket(self.context, endpoint, received)
        stop = threading.Event()

        def flood() -> None:
            push = self.plain_context.socket(zmq.PUSH)
            push.set(zmq.LINGER, 0)
            push.set(zmq.SNDTIMEO, 50)
            push.connect(endpoint)
            while not stop.is_set():
                with contextlib.suppress(zmq.Again):
                    push.send(b"x" * 100)
            push.close()

        flooder = threading.Thread(target=flood)
        flooder.start()
        ticking = LoopingCall(tick)
        started = time.monotonic()
        try:
            await until(lambda: counts[0] > 0)
            await ticking.start(0.01)
        finally:
            stop.set()
            flooder.join()
        self.assertLess(time.monotonic() - started, 8)
        self.assertGreater(counts[0], 500)

    async def test_no_lost_wake_up(self) -> None:
        """
        A message that came while the socket was bound to one more address is delivered.
        """
        got: list[bytes] = []
        endpoint = self.ipc()
        pull = PullSocket(self.context, endpoint, got.append)
        push = self.plain(zmq.PUSH, endpoint)
        push.send(b"first")
        await until(lambda: got == [b"first"])
        push.send(b"second")
        # Both eat the edge of the descriptor, as other calls of ours might.
        while not pull.socket.get(zmq.EVENTS) & zmq.POLLIN:
            pass
        pull.bind(self.ipc())
        await until(lambda: got == [b"first", b"second"])

    async def test_no_lost_wake_up_while_sending(self) -> None:
        """
        A reply that came while one more request was sent is delivered.
        """
        got: list[list[bytes]] = []
        endpoint = self.ipc()
        dealer = DealerSocket(self.context, endpoint, got.append)
        peer = self.plain(zmq.DEALER, endpoint)
        peer.send(b"hello")
        await until(lambda: got == [[b"hello"]])
        peer.send(b"reply")
        while not dealer.socket.get(zmq.EVENTS) & zmq.POLLIN:
            pass
        dealer.send([b"request"])
        await until(lambda: got == [[b"hello"], [b"reply"]])

    async def test_failing_callback(self) -> None:
        """
        A callback that raises loses its own message, not the ones after it.
        """
        got: list[bytes] = []

        def received(frame: bytes) -> None:
            if frame == b"bad":
                raise ZeroDivisionError
            got.append(frame)

        endpoint = self.ipc()
        PullSocket(self.context, endpoint, received)
        push = self.plain(zmq.PUSH, endpoint)
        push.send(b"bad")
        push.send(b"good")
        await until(lambda: got == [b"good"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class QueueTests(SocketTestCase):
    """What ZeroMQ does not take at once."""

    async def test_no_peer_yet(self) -> None:
        """
        Requests given before the worker is there reach it, in order.
        """
        endpoint = self.ipc()
        replies: list[bytes] = []  # of several that came together the parts come in one call
        dealer = DealerSocket(self.context, endpoint, replies.extend)
        for number in range(5):
            dealer.send([b"", b"%d" % number])
        worker = self.plain(zmq.REP, endpoint)

        def serve() -> bool:
            with contextlib.suppress(zmq.Again):
                worker.send(worker.recv(zmq.NOBLOCK))
            return len(replies) == 10

        await until(serve)
        self.assertEqual(replies, [part for number in range(5) for part in (b"", b"%d" % number)])

    async def test_slow_peer(self) -> None:
        """
        A thousand frames through a narrow pipe all arrive, in order.
        """
        endpoint = self.ipc()
        push = PushSocket(self.context, endpoint)
        for number in range(3000):
            push.send(b"%d" % number)
        got: list[bytes] = []
        PullSocket(self.context, endpoint, got.append)
        await until(lambda: len(got) == 3000)
        self.assertEqual(got, [b"%d" % number for number in range(3000)])

    def test_queue_is_bounded(self) -> None:
        """
        When nobody takes anything, the sender is told, and memory ends.
        """
        self.patch(connection, "QUEUE_LIMIT", 3)
        dealer = DealerSocket(self.context, self.ipc(), lambda parts: None)
        for _ in range(3):
            dealer.send([b"", b"x"])
        self.assertRaises(QueueFull, dealer.send, [b"", b"x"])
        self.assertEqual(dealer.drop_unsent(), 3)
        self.assertEqual(dealer.drop_unsent(), 0)

    async def test_bad_part(self) -> None:
        """
        A message with a part that is not bytes raises, and the next one is intact.
        """
        endpoint = self.ipc()
        dealer = DealerSocket(self.context, endpoint, lambda parts: None)
        dealer.send([b"queued"])
        self.assertRaises(TypeError, dealer.send, [b"a", "text"])
        peer = self.plain(zmq.DEALER, endpoint)
        await until(lambda: bool(peer.poll(0)))
        self.assertEqual(peer.recv_multipart(), [b"queued"])
        self.assertRaises(TypeError, dealer.send, [b"a", "text", b"c"])
        dealer.send([b"x", b"y"])
        await until(lambda: bool(peer.poll(0)))
        self.assertEqual(peer.recv_multipart(), [b"x", b"y"])


class EndpointTests(SocketTestCase):
    """Binding."""

    def test_stale_file(self) -> None:
        """
        A socket file left by a killed process does not stop the next start.
        """
        endpoint = self.ipc()
        path = endpoint.removeprefix("ipc://")
        pid = os.fork()
        if pid == 0:
            import socket

            socket.socket(socket.AF_UNIX).bind(path)
            os._exit(0)
        os.waitpid(pid, 0)
        self.assertTrue(os.path.exists(path))
        PullSocket(self.context, endpoint, lambda frame: None)

    def test_live_owner(self) -> None:
        """
        A path where another process listens is not stolen, and the message says so.
        """
        endpoint = self.ipc()
        first = PullSocket(self.context, endpoint, lambda frame: None)
        error = self.assertRaises(
            EndpointUnusable, PullSocket, self.context, endpoint, lambda frame: None
        )
        self.assertIn("another process listens", str(error))
        self.assertFalse(first.closed)

    def test_modes(self) -> None:
        """
        Only the owner can connect; to an event bus the group as well.
        """
        private, shared = self.ipc(), self.ipc()
        PullSocket(self.context, private, lambda frame: None)
        EventPublishSocket(self.context, shared, lambda topic: None)
        modes = [os.stat(name.removeprefix("ipc://")).st_mode & 0o777 for name in (private, shared)]
        self.assertEqual(modes, [0o600, 0o660])

    def test_path_too_long(self) -> None:
        """
        A path that does not fit a socket address is named as the reason.
        """
        endpoint = "ipc:///tmp/" + "x" * 103
        error = self.assertRaises(
            EndpointUnusable, PullSocket, self.context, endpoint, lambda frame: None
        )
        self.assertIn("107 bytes", str(error))

    def test_folder_missing(self) -> None:
        """
        A folder that does not exist is an error of ours, not a traceback of ZeroMQ's.
        """
        self.assertRaises(
            EndpointUnusable, PullSocket, self.context, "ipc:///nowhere/x", lambda frame: None
        )

    def test_port_in_use(self) -> None:
        """
        A TCP port that is taken is an error with the address in it, and the context still ends.
        """
        first = PublishSocket(self.context, "tcp://127.0.0.1:*")
        taken = f"tcp://127.0.0.1:{first.port}"
        error = self.assertRaises(EndpointUnusable, PublishSocket, self.context, taken)
        self.assertIn(taken, str(error))

    def test_ipv6(self) -> None:
        """
        An address in brackets binds IPv6.
        """
        try:
            socket = PublishSocket(self.context, "tcp://[::1]:*")
        except EndpointUnusable as exc:
            self.skipTest(f"no IPv6 here: {exc}")
        self.assertGreater(socket.port, 0)


class EndingTests(SocketTestCase):
    """Closing, in every order."""

    def test_twice(self) -> None:
        """
        Closing a socket or a context twice is no error.
        """
        push = PushSocket(self.context, self.ipc())
        push.close()
        push.close()
        push.send(b"after the end")
        self.context.stopService()
        self.context.stopService()
        self.assertTrue(push.closed)

    async def test_close_from_callback(self) -> None:
        """
        A socket may be closed by the callback of its own message.
        """
        endpoint = self.ipc()
        pull: list[PullSocket] = []
        pull.append(PullSocket(self.context, endpoint, lambda frame: pull[0].close()))
        push = self.plain(zmq.PUSH, endpoint)
        push.send(b"1")
        push.send(b"2")
        await until(lambda: pull[0].closed)

    def test_leaked_factory(self) -> None:
        """
        A factory that nobody holds is kept alive, since collecting it would block the process.
        """
        before = {factory for factory in gc.get_objects() if isinstance(factory, LiveFactory)}
        LiveFactory(reactor)
        gc.collect()
        found = [o for o in gc.get_objects() if isinstance(o, LiveFactory) and o not in before]
        self.assertEqual(len(found), 1)
        found[0].shutdown()

    def test_before_start(self) -> None:
        """
        Opening a socket before the service started is refused.
        """
        self.assertRaises(RuntimeError, PushSocket, SocketContext(reactor), "tcp://127.0.0.1:1")
