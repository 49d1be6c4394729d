"""Tests for msgpack as Salt writes it, and for the limits of what is read."""

from collections import OrderedDict
from datetime import UTC, date, datetime

import msgpack
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadEncoding
from txsalt.wire import serial

READERS = (serial.unpack, serial.unpack_raw, serial.unpack_bin)


class PackTests(SynchronousTestCase):
    """What we send, stock peers read."""

    def test_bytes_of_values(self) -> None:
        """Each kind of value has exactly one form on the wire."""
        rows = [
            (None, b"\xc0"),
            (True, b"\xc3"),
            (5, b"\x05"),
            (-33, b"\xd0\xdf"),
            (2**64 - 1, b"\xcf" + b"\xff" * 8),
            (2**64, b"\xb418446744073709551616"),
            (1.5, b"\xcb\x3f\xf8" + bytes(6)),
            ("ü", b"\xa2\xc3\xbc"),
            (b"\xff", b"\xa1\xff"),
            ("x" * 32, b"\xda\x00\x20" + b"x" * 32),
            (b"x" * 200, b"\xda\x00\xc8" + b"x" * 200),
            ("x" * 70000, b"\xdb\x00\x01\x11\x70" + b"x" * 70000),
            ((1, 2), b"\x92\x01\x02"),
            ({7}, b"\x91\x07"),
            (frozenset([7]), b"\x91\x07"),
            (OrderedDict(b=1, a=2), b"\x82\xa1b\x01\xa1a\x02"),
            ({1: 2, None: 3}, b"\x82\x01\x02\xc0\x03"),
        ]
        for value, packed in rows:
            with self.subTest(value=str(value)[:30]):
                self.assertEqual(serial.pack(value), packed)

    def test_dates(self) -> None:
        """Dates travel as extension 78; a date is midnight, a time zone is lost."""
        rows = [
            (datetime(2024, 2, 29, 13, 14, 15, 123456), b"20240229T13:14:15.123456"),
            (datetime(2024, 2, 29, tzinfo=UTC), b"20240229T00:00:00.000000"),
            (date(2024, 2, 29), b"20240229T00:00:00.000000"),
            (date(999, 1, 1), b"09990101T00:00:00.000000"),
        ]
        for value, text in rows:
            self.assertEqual(serial.pack(value), b"\xc7\x18\x4e" + text)
            self.assertEqual(
                serial.unpack(serial.pack(value)),
                datetime.strptime(text.decode(), "%Y%m%dT%H:%M:%S.%f"),
            )

    def test_bytes_that_were_read_as_text(self) -> None:
        """Text with half characters goes back to the bytes it came from."""
        self.assertEqual(serial.pack(b"\xff".decode("utf-8", "surrogateescape")), b"\xa1\xff")

    def test_string_alone(self) -> None:
        """
        A box that is packed alone has the same bytes as any value, whatever its length.
        """
        for size in (0, 1, 31, 32, 255, 256, 65_535, 65_536):
            box = bytes(size)
            self.assertEqual(serial.pack_string(box), serial.pack(box))

    def test_bytes_in_texts(self) -> None:
        """
        A file name that is not UTF-8 leaves as the bytes it has, beside texts of any script.
        """
        value = {"größe": "caf\udce9", "list": ["日本", "x"]}
        expected = {"größe".encode(): b"caf\xe9", b"list": ["日本".encode(), b"x"]}
        for packed in (serial.pack(value), serial.pack_bin(value)):
            self.assertEqual(msgpack.unpackb(packed, raw=True), expected)
        with self.assertRaises(UnicodeEncodeError):
            serial.pack("\ud800")  # stands for no byte

    def test_value_that_cannot_be_sent(self) -> None:
        """Any other object is a mistake of ours and is named."""
        with self.assertRaisesRegex(TypeError, "object"):
            serial.pack({"a": object()})
        for value in (10**5000, -(10**5000)):
            for pack in (serial.pack, serial.pack_bin):
                with self.assertRaisesRegex(TypeError, "an integer of 16610 bits"):
                    pack([value])

    def test_bin_types_on_this_machine(self) -> None:
        """On the buses text and bytes differ."""
        self.assertEqual(serial.pack_bin(["a", b"a"]), b"\x92\xa1a\xc4\x01a")
        self.assertEqual(serial.unpack_bin(b"\x92\xa1a\xc4\x01a"), ["a", b"a"])


class UnpackTests(SynchronousTestCase):
    """What stock peers send, we read."""

    def test_strings(self) -> None:
        """UTF-8 becomes text and anything else stays bytes, in keys as well."""
        rows = [
            (b"\xa1a", "a"),
            (b"\xa1\xff", b"\xff"),
            (b"\x82\xa1a\xa1\xff\xa1b\xa1c", {"a": b"\xff", "b": "c"}),
            (b"\x81\xa1\xff\xa1a", {b"\xff": "a"}),
            (b"\x93\xa1a\x81\x01\xa1b\xa1\xfe", ["a", {1: "b"}, b"\xfe"]),
            (b"\xa0", ""),
        ]
        for packed, value in rows:
            self.assertEqual(serial.unpack(packed), value)

    def test_raw_strings(self) -> None:
        """For signatures every string is left as bytes."""
        self.assertEqual(serial.unpack_raw(b"\x81\xa1a\xa1b"), {b"a": b"b"})

    def test_odd_keys(self) -> None:
        """Numbers, booleans and None are keys in results of functions."""
        packed = msgpack.packb({1: 1, None: 2, False: 3, 1.5: 4}, use_bin_type=False)
        self.assertEqual(serial.unpack(packed), {1: 1, None: 2, False: 3, 1.5: 4})

    def test_unknown_extensions(self) -> None:
        """Extensions we do not know are kept, an unreadable date as well."""
        for code, data in ((79, b"\x92\xa1a\xa1b"), (78, b"yesterday"), (78, b"\xff"), (0, b"")):
            packed = serial.pack(msgpack.ExtType(code, data))
            self.assertEqual(serial.unpack(packed), msgpack.ExtType(code, data))

    def test_limits(self) -> None:
        """What is torn, doubled, too deep, too long or lying about its length is refused."""
        deep = b"\x91" * serial.MAX_DEPTH
        rows = [
            ("nothing", b""),
            ("torn", b"\x92\x01"),
            ("two values", b"\x01\x02"),
            ("no such type", b"\xc1"),
            ("huge array header", b"\xdd\xff\xff\xff\xff"),
            ("huge map header", b"\xdf\xff\xff\xff\xff\x01"),
            ("huge string header", b"\xdb\xff\xff\xff\xffabc"),
            ("huge bin header", b"\xc6\xff\xff\xff\xffabc"),
            ("huge extension header", b"\xc9\xff\xff\xff\xff\x01abc"),
            ("too deep", deep + b"\x90"),
            ("far too deep", b"\x91" * 100_000 + b"\x90"),
            ("maps too deep", b"\x81\x01" * (serial.MAX_DEPTH + 1) + b"\x01"),
            ("list as key", b"\x81\x91\x01\x01"),
            ("map as key", b"\x81\x80\x01"),
            ("bad timestamp", b"\xc7\x03\xff\x01\x02\x03"),
        ]
        for reader in READERS:
            for what, packed in rows:
                with self.subTest(reader=reader.__name__, what=what):
                    self.assertRaises(BadEncoding, reader, packed)
            self.assertRaises(BadEncoding, lambda reader=reader: reader(b"\xa3abc", max_bytes=3))

    def test_deepest_that_is_read(self) -> None:
        """A value as deep as the limit is read."""
        serial.unpack(b"\x91" * (serial.MAX_DEPTH - 1) + b"\x90")

    def test_refusal_does_not_quote(self) -> None:
        """A refusal does not repeat what the peer sent."""
        error = self.assertRaises(BadEncoding, serial.unpack, b"\xa6secret\x01")
        self.assertNotIn("secret", str(error))

    def test_text_on_a_bus_must_be_text(self) -> None:
        """On this machine a text that is not UTF-8 is refused."""
        self.assertRaises(BadEncoding, serial.unpack_bin, b"\xa1\xff")


class AsBytesTests(SynchronousTestCase):
    """Signatures and boxes are bytes, whatever they look like."""

    def test_strings(self) -> None:
        """Text goes back to the bytes it came from."""
        self.assertEqual(serial.as_bytes("ü"), b"\xc3\xbc")
        self.assertEqual(serial.as_bytes(b"\xff"), b"\xff")

    def test_others(self) -> None:
        """What is no string is refused."""
        for value in (None, 5, [], {}):
            self.assertRaises(BadEncoding, serial.as_bytes, value)
