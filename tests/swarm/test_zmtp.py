"""Tests of the bytes of ZMTP: recorded ones first, then cuts at every place."""

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadEnvelope
from txsalt.swarm import zmtp

GREETING = bytes.fromhex("ff00000000000000017f03014e554c4c") + bytes(16 + 32)
# As libzmq 4.3.5 sends it for a ROUTER: Socket-Type and an empty Identity.
READY = bytes.fromhex("0429") + b"\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0\0"


class DecoderTests(SynchronousTestCase):
    """What a peer sends is cut into messages, however it arrives."""

    def test_a_conversation(self) -> None:
        """
        Greeting, READY, a message of two frames and a long one, at once and byte by byte.
        """
        long = b"x" * 300
        data = GREETING + READY + zmtp.frames([b"", b"body"]) + zmtp.frames([long])
        whole = zmtp.Decoder().feed(data)
        decoder = zmtp.Decoder()
        pieces = [item for byte in data for item in decoder.feed(bytes([byte]))]
        for items in (whole, pieces):
            self.assertEqual([type(item).__name__ for item in items], ["Command", "list", "list"])
            self.assertEqual(items[1:], [[b"", b"body"], [long]])

    def test_who_is_refused(self) -> None:
        """
        A peer of another protocol, an older version, another mechanism, or one that says ERROR.
        """
        plain = GREETING[:12] + b"PLAIN".ljust(20, b"\0") + bytes(32)
        old = GREETING[:10] + b"\x01" + GREETING[11:]
        error = GREETING + zmtp.command(b"ERROR", b"\x04nope")
        too_long = GREETING + b"\x02" + (1 << 40).to_bytes(8, "big")
        for data in (b"HTTP/1.1 200 OK".ljust(64), old, plain, error, too_long):
            self.assertRaises(BadEnvelope, zmtp.Decoder().feed, data)

    def test_ping_is_answered_with_its_context(self) -> None:
        """
        A PONG carries what the PING carried after its time to live.
        """
        [ping] = zmtp.Decoder().feed(GREETING + zmtp.command(b"PING", b"\x00\x64abc"))
        assert isinstance(ping, zmtp.Command)
        self.assertEqual(zmtp.pong(ping), bytes([4, 8]) + b"\x04PONGabc")


class HelloTests(SynchronousTestCase):
    """What we say."""

    def test_hello(self) -> None:
        """
        A greeting of 64 bytes, then READY with the type of the socket.
        """
        said = zmtp.hello(b"SUB")
        self.assertEqual(said[64:], b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB")
        self.assertEqual(len(zmtp.GREETING), 64)

    def test_subscription(self) -> None:
        """
        A subscription is a message that begins with 1.
        """
        self.assertEqual(zmtp.subscribe(b"broadcast"), b"\x00\x0a\x01broadcast")
