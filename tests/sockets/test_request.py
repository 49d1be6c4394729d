"""Requests and replies, from both ends."""

import errno

import txzmq.connection
import zmq
from twisted.internet import reactor
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from tests.sockets.support import SocketTestCase, until
from txsalt.errors import BadEnvelope, EndpointUnusable, RequestTimedOut
from txsalt.sockets.request import RequestSocket
from txsalt.sockets.router import RouterSocket, split_route


class SplitRouteTests(SocketTestCase):
    """The return route of a request."""

    def test_hops(self) -> None:
        """
        Every hop up to and including the empty part is the route; the payload may be empty.
        """
        self.assertEqual(split_route([b"id", b"", b"load"]), ([b"id", b""], b"load"))
        self.assertEqual(
            split_route([b"id", b"proxy", b"", b"load"]), ([b"id", b"proxy", b""], b"load")
        )
        self.assertEqual(split_route([b"id", b"", b""]), ([b"id", b""], b""))

    def test_garbage(self) -> None:
        """
        No empty part, nothing after it or too much after it is refused.
        """
        for parts in ([b"id"], [b"id", b"load"], [b"id", b""], [b"id", b"", b"a", b"b"], [b""], []):
            self.assertRaises(BadEnvelope, split_route, parts)


class RouterTests(SocketTestCase):
    """A public port."""

    def setUp(self) -> None:
        super().setUp()
        self.reasons: list[str] = []
        self.router = RouterSocket(
            self.context,
            "tcp://127.0.0.1:*",
            lambda route, payload: self.router.reply(route, b"re: " + payload),
            max_message=1000,
            on_garbage=self.reasons.append,
        )
        self.endpoint = f"tcp://127.0.0.1:{self.router.port}"

    async def test_answer(self) -> None:
        """
        A plain REQ gets its answer.
        """
        req = self.plain(zmq.REQ, self.endpoint)
        req.send(b"ping")
        await until(lambda: bool(req.poll(0)))
        self.assertEqual(req.recv(), b"re: ping")

    async def test_garbage(self) -> None:
        """
        Messages that are no requests are counted and named; the port goes on answering.
        """
        peer = self.plain(zmq.DEALER, self.endpoint)
        for parts in ([b"x"], [b"", b"a", b"b"], [b"x", b"y"], [b""]):
            peer.send_multipart(parts)
        peer.send_multipart([b"", b"ping"])
        await until(lambda: bool(peer.poll(0)))
        self.assertEqual(peer.recv_multipart(), [b"", b"re: ping"])
        self.assertEqual(self.router.garbage, 4)
        self.assertEqual(len(self.reasons), 4)

    async def test_huge(self) -> None:
        """
        A frame over the limit ends its sender's connection, and nobody else's.
        """
        hostile = self.plain(zmq.DEALER, self.endpoint)
        hostile.send_multipart([b"", b"x" * 2000])
        req = self.plain(zmq.REQ, self.endpoint)
        req.send(b"x" * 900)
        await until(lambda: bool(req.poll(0)))
        self.assertEqual(len(req.recv()), 904)

    async def test_handover(self) -> None:
        """
        A minion that comes back with its old routing id is answered on the new connection.
        """
        for number in range(2):
            dealer = self.plain_context.socket(zmq.DEALER)
            dealer.set(zmq.LINGER, 0)
            dealer.set(zmq.ROUTING_ID, b"salt-req/minion")
            dealer.connect(self.endpoint)
            dealer.send_multipart([b"", b"%d" % number])
            await until(lambda peer=dealer: bool(peer.poll(0)))
            self.assertEqual(dealer.recv_multipart(), [b"", b"re: %d" % number])


def no_socket(*_: object) -> None:
    """Stand for a system that has no descriptors left."""
    raise zmq.ZMQError(errno.EMFILE)


class RequestTests(SocketTestCase):
    """A minion's question to its master."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.asked: list[tuple[list[bytes], bytes]] = []
        self.router = RouterSocket(
            self.context,
            "tcp://127.0.0.1:*",
            lambda route, payload: self.asked.append((route, payload)),
        )
        endpoint = f"tcp://127.0.0.1:{self.router.port}"
        self.requests = RequestSocket(self.context, endpoint, self.clock)
        self.addCleanup(self.requests.close)

    def payloads(self) -> list[bytes]:
        return [payload for _, payload in self.asked]

    async def test_one_in_flight(self) -> None:
        """
        The second question is not sent before the first is answered, and the order is kept.
        """
        first = self.requests.request(b"one", 5)
        second = self.requests.request(b"two", 5)
        await until(lambda: len(self.asked) == 1)
        self.router.reply(self.asked[0][0], b"1")
        self.assertEqual(await first, b"1")
        await until(lambda: len(self.asked) == 2)
        self.router.reply(self.asked[1][0], b"2")
        self.assertEqual(await second, b"2")
        self.assertEqual(self.payloads(), [b"one", b"two"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_late_reply_is_dropped(self) -> None:
        """
        A reply that comes after the time-out does not answer the next request.
        """
        first = self.requests.request(b"one", 5)
        second = self.requests.request(b"two", 60)
        await until(lambda: len(self.asked) == 1)
        self.clock.advance(5)
        await self.assertFailure(first, RequestTimedOut)
        self.router.reply(self.asked[0][0], b"late answer to one")
        await until(lambda: len(self.asked) == 2)
        self.router.reply(self.asked[0][0], b"later answer to one")
        self.router.reply(self.asked[1][0], b"2")
        self.assertEqual(await second, b"2")

    async def test_cancel(self) -> None:
        """
        A cancelled question is dropped, in flight or waiting, and the next one is asked.
        """
        first = self.requests.request(b"one", 5)
        second = self.requests.request(b"two", 5)
        third = self.requests.request(b"three", 5)
        await until(lambda: len(self.asked) == 1)
        second.cancel()
        first.cancel()
        await self.assertFailure(first, CancelledError)
        await self.assertFailure(second, CancelledError)
        await until(lambda: len(self.asked) == 2)
        self.router.reply(self.asked[1][0], b"3")
        self.assertEqual(await third, b"3")
        self.assertEqual(self.payloads(), [b"one", b"three"])

    async def test_wrong_shape(self) -> None:
        """
        A reply of the wrong shape is dropped; the right one still answers.
        """
        first = self.requests.request(b"one", 5)
        await until(lambda: len(self.asked) == 1)
        route = self.asked[0][0]
        self.router.send_parts([*route, b"a", b"b"])
        self.router.send_parts([route[0], b"no delimiter"])
        self.router.reply(route, b"1")
        self.assertEqual(await first, b"1")
        self.assertEqual(self.requests.garbage, 2)

    async def test_unasked_reply(self) -> None:
        """
        A second reply to one question is not taken for the answer to a later one.
        """
        first = self.requests.request(b"one", 5)
        await until(lambda: len(self.asked) == 1)
        self.router.reply(self.asked[0][0], b"1")
        self.router.reply(self.asked[0][0], b"1 again")
        await first
        await until(lambda: self.requests.garbage == 1)

    async def test_close(self) -> None:
        """
        Closing fails what was asked and what waits; nothing can be asked afterwards.
        """
        asked = [self.requests.request(b"one", 5), self.requests.request(b"two", 5)]
        self.requests.close()
        self.requests.close()
        asked.append(self.requests.request(b"three", 5))
        for answer in asked:
            await self.assertFailure(answer, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_out_of_descriptors(self) -> None:
        """
        Where no socket can be opened questions fail as those do that get no answer, not for ever:
        once there is room the next one is asked.
        """
        first = self.requests.request(b"one", 5)
        second = self.requests.request(b"two", 5)
        await until(lambda: len(self.asked) == 1)
        patch = self.patch(txzmq.connection, "Socket", no_socket)
        with capturedLogs():
            self.clock.advance(5)
            await self.assertFailure(first, RequestTimedOut)
            await self.assertFailure(second, RequestTimedOut)
            await self.assertFailure(self.requests.request(b"three", 5), RequestTimedOut)
        self.assertRaises(
            EndpointUnusable, RequestSocket, self.context, "tcp://[::1]:1", self.clock
        )
        patch.restore()
        fourth = self.requests.request(b"four", 5)
        await until(lambda: len(self.asked) == 2)
        self.router.reply(self.asked[1][0], b"4")
        self.assertEqual(await fourth, b"4")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_ask_from_answer(self) -> None:
        """
        The callback of an answer may ask the next question.
        """
        chained = self.requests.request(b"one", 5)
        chained.addCallback(lambda answer: self.requests.request(b"after " + answer, 5))
        await until(lambda: len(self.asked) == 1)
        self.router.reply(self.asked[0][0], b"1")
        await until(lambda: len(self.asked) == 2)
        self.router.reply(self.asked[1][0], b"2")
        self.assertEqual(await chained, b"2")

    async def test_master_comes_later(self) -> None:
        """
        A question asked while no master listens is answered when one does.
        """
        endpoint = self.ipc()
        requests = RequestSocket(self.context, endpoint, reactor)
        self.addCleanup(requests.close)
        answer = requests.request(b"early", 15)
        router = RouterSocket(self.context, endpoint, lambda route, _: router.reply(route, b"yes"))
        self.assertEqual(await answer, b"yes")
