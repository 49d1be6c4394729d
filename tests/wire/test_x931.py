"""Tests for the block of raw signatures."""

from twisted.trial.unittest import SynchronousTestCase

from tests.wire.keys import private_key
from txsalt.errors import BadSignature
from txsalt.wire.x931 import decode_block, encode_block

SIZE = 256


def number(block: str) -> int:
    """Read a block written in hex; ``..`` stands for fill bytes up to the size."""
    head, dots, tail = block.partition("..")
    fill = "bb" * (SIZE - len(head + tail) // 2) if dots else ""
    return int(head + fill + tail, 16)


class BlockTests(SynchronousTestCase):
    """A block is as long as the modulus and gives its data back."""

    def setUp(self) -> None:
        self.modulus = private_key("master").public._key.public_numbers().n

    def test_form(self) -> None:
        """Data stand at the end, before the last byte."""
        self.assertEqual(encode_block(b"salt", SIZE), number("6bbb..ba73616c74cc"))
        self.assertEqual(encode_block(b"", SIZE), number("6bbb..bacc"))

    def test_data_that_fill_the_block(self) -> None:
        """The longest data have a head of their own."""
        data = b"d" * (SIZE - 2)
        self.assertEqual(encode_block(data, SIZE), number("6a" + data.hex() + "cc"))
        self.assertEqual(decode_block(encode_block(data, SIZE), self.modulus), data)
        self.assertEqual(encode_block(data[1:], SIZE), number("6bba" + data[1:].hex() + "cc"))
        self.assertRaises(ValueError, encode_block, data + b"d", SIZE)

    def test_both_roots(self) -> None:
        """The smaller of s and n - s was sent; either gives the data."""
        block = encode_block(b"salt", SIZE)
        self.assertEqual(decode_block(block, self.modulus), b"salt")
        self.assertEqual(decode_block(self.modulus - block, self.modulus), b"salt")

    def test_data_that_look_like_filling(self) -> None:
        """Data of fill bytes are told apart from the filling."""
        for data in (b"\xbb\xbb", b"\xba", b"\xcc", b"\x00", b"\xbb\xba\xcc"):
            self.assertEqual(decode_block(encode_block(data, SIZE), self.modulus), data)

    def test_other_numbers(self) -> None:
        """What is no such block is a bad signature."""
        rows = [
            0,
            12,
            number("6bbb..bbcc"),
            number("6bbb..ba73616c74dc"),
            number("7bbb..ba73616c74cc"),
            number("00bb..ba73616c74cc"),
            number("6bbb..bb00ba73cc"),
            self.modulus - 1,
        ]
        for value in rows:
            with self.subTest(value=hex(value)[:40]):
                self.assertRaises(BadSignature, decode_block, value, self.modulus)
