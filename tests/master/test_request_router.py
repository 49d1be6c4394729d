"""How the master's door closes: over real sockets, with a worker that the test plays."""

import zmq
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from tests.sockets.support import SocketTestCase, until
from txsalt.master.daemon.request_router import RequestRouter
from txsalt.wire import envelope, serial

REFUSED = serial.pack(envelope.BAD_LOAD)


def readable(socket: zmq.Socket) -> Deferred[None]:
    """Fire when there is something to receive."""
    return until(lambda: bool(socket.poll(0)))


class StopTests(SocketTestCase):
    """Requests that are under way when the router stops."""

    def setUp(self) -> None:
        super().setUp()
        lane = self.ipc()
        self.router = RequestRouter(self.context, "tcp://127.0.0.1:*", lambda _: lane, reactor)
        self.router.open_lane(0)
        self.router.startService()
        self.addCleanup(self.router.stopService)
        self.endpoint = f"tcp://127.0.0.1:{self.router.port}"
        self.worker = self.plain(zmq.DEALER, lane)
        self.router.worker_ready(0)

    async def peer(self) -> zmq.Socket:
        """Somebody who is connected: who was answered once."""
        peer = self.plain(zmq.DEALER, self.endpoint)
        peer.send_multipart([b"", b"hello"])
        await self.serve()
        await readable(peer)
        peer.recv_multipart()
        return peer

    async def serve(self) -> None:
        """Let the worker answer the next request."""
        await readable(self.worker)
        self.worker.send(b"re: " + self.worker.recv())

    async def test_arrives_while_another_is_in_hand(self) -> None:
        """
        A request that comes while the last answers are waited for is served like any other.
        """
        first, second = await self.peer(), await self.peer()
        first.send_multipart([b"", b"first"])
        await readable(self.worker)
        stopped = self.router.stopService()
        arrivals = self.router.arrivals
        second.send_multipart([b"", b"second"])
        await until(lambda: self.router.arrivals > arrivals)
        self.assertFalse(stopped.called)
        await self.serve()
        await self.serve()
        await stopped
        for peer, answer in ((first, b"re: first"), (second, b"re: second")):
            await readable(peer)
            self.assertEqual(peer.recv_multipart(), [b"", answer])

    async def test_not_yet_read(self) -> None:
        """
        A request that was sent, but not read yet, is served before the door closes.
        """
        peer = await self.peer()
        peer.send_multipart([b"", b"once more"])
        stopped = self.router.stopService()
        await self.serve()
        await stopped
        await readable(peer)
        self.assertEqual(peer.recv_multipart(), [b"", b"re: once more"])

    async def test_goes_on_asking(self) -> None:
        """
        Peers that do not stop asking are refused after a while, and do not keep the door open.
        """
        peer = await self.peer()
        stopped = self.router.stopService()

        def refused() -> bool:
            peer.send_multipart([b"", b"more"])
            if self.worker.poll(0):
                self.worker.send_multipart(self.worker.recv_multipart())
            return bool(peer.poll(0)) and peer.recv_multipart()[1] == REFUSED

        await until(refused)
        await stopped
