"""The quick ways of reading strings agree with the plain one, whatever the bytes."""

from typing import Any

import msgpack
from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadEncoding
from txsalt.wire import serial

STRINGS = some.one_of(
    some.text(max_size=8),
    some.binary(max_size=8),
    some.sampled_from([b"\xed\xb2\x80", b"\xed\xa0\x80a", b"\xc4\xc5", b"\xff", b"\xc3\xbc"]),
)
KEYS = some.one_of(STRINGS, some.integers(-5, 5), some.booleans(), some.none())
VALUES = some.recursive(
    some.one_of(STRINGS, some.integers(-5, 5), some.none(), some.floats(allow_nan=False)),
    lambda inner: some.one_of(
        some.lists(inner, max_size=4), some.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


def plain(packed: bytes) -> Any:
    return serial.to_text(serial.unpack_raw(packed))


class StringTests(SynchronousTestCase):
    """Text is text and bytes are bytes, at every place."""

    @given(VALUES, some.booleans())
    def test_unpack(self, value: Any, bins: bool) -> None:
        """
        Every string that is UTF-8 is read as text, each other one as bytes, keys too.
        """
        packed = msgpack.packb(value, use_bin_type=bins)
        self.assertEqual(repr(serial.unpack(packed)), repr(plain(packed)))

    @given(some.dictionaries(STRINGS, VALUES, max_size=4), some.binary(min_size=256, max_size=300))
    def test_sealed(self, load: dict[Any, Any], token: bytes) -> None:
        """
        A load with a token reads as any other, and so does what follows the token.
        """
        raw = b"\xa3tok\xda" + len(token).to_bytes(2, "big") + token
        fields = [(key, each) for key, each in load.items() if key not in ("tok", b"tok")]
        for place in {0, len(fields) // 2, len(fields)}:
            packed = bytes([0x80 + len(fields) + 1])
            for number, (key, each) in enumerate([*fields, (None, None)]):
                packed += raw if number == place else b""
                if number < len(fields):
                    packed += msgpack.packb(key, use_bin_type=False) + msgpack.packb(each)
            found, expected = serial.unpack_sealed(packed, b"tok"), plain(packed)
            found["tok"] = serial.as_bytes(found["tok"])
            expected["tok"] = serial.as_bytes(expected["tok"])
            self.assertEqual(repr(found), repr(expected))

    def test_what_looks_like_the_field(self) -> None:
        """
        Bytes in a result that look like a token stay what they are.
        """
        false = b"\xa3tok\xda\x01\x00"
        for load in ({"return": false, "tok": b"\xff" * 256}, {"tok": b"\xff"}, {"return": "tok"}):
            packed = serial.pack(load)
            self.assertEqual(serial.unpack_sealed(packed, b"tok"), plain(packed))

    def test_too_deep(self) -> None:
        """
        The limit of depth holds also where a string is not UTF-8.
        """
        inner = b"\x91" * serial.MAX_DEPTH + b"\xa1\xff"
        self.assertEqual(serial.unpack(inner[1:]), plain(inner[1:]))
        self.assertRaises(BadEncoding, serial.unpack, b"\x91" + inner)
        self.assertRaises(BadEncoding, plain, b"\x91" + inner)
