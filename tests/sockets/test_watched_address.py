"""Tests of the addresses behind the descriptors that libzmq reports."""

import socket

from twisted.trial.unittest import SynchronousTestCase

from txsalt.sockets.watched_publish import _address_at


class AddressTests(SynchronousTestCase):
    def test_reused_number(self) -> None:
        """
        A number that stands for a local socket, or for nothing, by the time we look has no address.
        """
        left, right = socket.socketpair()
        with left, right:
            self.assertEqual(_address_at(left.fileno()), "")
            number = left.fileno()
        self.assertEqual(_address_at(number), "")

    def test_connection(self) -> None:
        """
        A connection that still stands has the address of its peer.
        """
        server = socket.create_server(("127.0.0.1", 0))
        with server, socket.create_connection(server.getsockname()) as client:
            self.assertEqual(_address_at(client.fileno()), "127.0.0.1")
