"""Frames on descriptors 3 and 4."""

from datetime import date, datetime

import msgpack
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadEncoding
from txsalt.wire.pipe import Decoder, encode


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


class PipeTests(SynchronousTestCase):
    """A daemon and its program talk."""

    def test_bytes_of_a_frame(self) -> None:
        """
        A frame is its length, big-endian, and a map with bin types.
        """
        self.assertEqual(
            encode({"kind": "a", "b": b"\xff"}),
            b"\x00\x00\x00\x0d\x82\xa4kind\xa1a\xa1b\xc4\x01\xff",
        )

    def test_any_portions(self) -> None:
        """
        Messages come out whole and in order, however the bytes were cut.
        """
        messages = [{"kind": "m", "n": n, 1: None, "blob": b"\0" * n * 40} for n in range(9)]
        stream = b"".join(encode(message) for message in messages)
        for size in (1, 3, 7, 100, len(stream)):
            decoder = Decoder()
            got = []
            for start in range(0, len(stream), size):
                got += decoder.feed(stream[start : start + size])
            self.assertEqual(got, messages)

    def test_half_characters(self) -> None:
        """
        Text of a command that was not UTF-8 survives the way there and back.
        """
        message = {"kind": "ended", "text": "\udcff and \ud800"}
        self.assertEqual(Decoder().feed(encode(message)), [message])

    def test_dates(self) -> None:
        """
        A date in the configuration or the pillar reaches jobs, and a number beyond 64 bits as text.
        """
        message = {"kind": "facts", "at": datetime(2026, 1, 2, 3, 4), "day": date(2026, 1, 2)}
        [got] = Decoder().feed(encode({**message, "number": 1 << 70, "set": {1}}))
        self.assertEqual(got["at"], datetime(2026, 1, 2, 3, 4))
        self.assertEqual(got["day"], datetime(2026, 1, 2))
        self.assertEqual((got["number"], got["set"]), (str(1 << 70), [1]))

    def test_length_is_judged_first(self) -> None:
        """
        A length over the limit is refused before any of the body came.
        """
        self.assertRaises(BadEncoding, Decoder(10).feed, b"\x00\x00\x00\x0b")

    def test_not_a_message(self) -> None:
        """
        What is no map with a kind is refused.
        """
        bodies = [b"", b"\xc1", b"\x90", msgpack.packb({"a": 1}), msgpack.packb({"kind": 1})]
        bodies += [b"\x81\xa4kind\xa1a\x00", b"\xa4kin", b"\x91" * 5000, b"\x81\x81\x01\x01\x01"]
        for body in bodies:
            self.assertRaises(BadEncoding, Decoder().feed, framed(body))

    def test_unsayable(self) -> None:
        """
        A value that msgpack cannot say is refused by the sender.
        """
        deep: list = []
        for _ in range(2000):
            deep = [deep]
        for value in (object(), deep):
            self.assertRaises(BadEncoding, encode, {"kind": "a", "value": value})
        self.assertRaises(BadEncoding, encode, {"value": 1})

    @given(st.binary(max_size=300))
    def test_garbage(self, body: bytes) -> None:
        """
        Whatever the bytes, only BadEncoding comes out.
        """
        try:
            for message in Decoder().feed(framed(body)):
                self.assertIsInstance(message["kind"], str)
        except BadEncoding:
            pass
