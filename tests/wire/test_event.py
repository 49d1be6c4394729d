"""Tests for the frames of the event buses."""

from typing import Any  # any msgpack value

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadEncoding, BadEnvelope, BadName, RemoteError
from txsalt.wire import serial
from txsalt.wire.event import read_event, write_event


class EventTests(SynchronousTestCase):
    """A frame is a tag, two line feeds, and a map."""

    def test_form(self) -> None:
        """Text and bytes differ in the data of an event."""
        self.assertEqual(write_event("a/b", {"x": b"y"}), b"a/b\n\n\x81\xa1x\xc4\x01y")

    def test_round_trip(self) -> None:
        """Tag and data come out as they went in, line feeds in the data included."""
        rows: list[tuple[str, dict[str, Any]]] = [
            ("salt/auth", {}),
            ("größe/∞", {"a": b"a", "b": "a", "c": None}),
            ("t", {"text": "a\n\nb", "bytes": b"\n\n", 10: 10}),
        ]
        for tag, data in rows:
            self.assertEqual(read_event(write_event(tag, data)), (tag, data))

    def test_refused(self) -> None:
        """A frame of any other form is refused."""
        data = serial.pack_bin({})
        rows: list[tuple[bytes, type[RemoteError]]] = [
            (b"", BadEnvelope),
            (b"tag", BadEnvelope),
            (b"tag\n" + data, BadEnvelope),
            (b"tag\n\n", BadEncoding),
            (b"tag\n\n\xc1", BadEncoding),
            (b"tag\n\n" + data + data, BadEncoding),
            (b"tag\n\n" + serial.pack_bin([]), BadEnvelope),
            (b"tag\n\n" + serial.pack_bin(None), BadEnvelope),
            (b"\n\n" + data, BadName),
            (b"\xff\n\n" + data, BadName),
            (b"a\0b\n\n" + data, BadName),
            (b"a\nb\n\n" + data, BadName),
            (b"x" * 2000 + b"\n\n" + data, BadName),
        ]
        for frame, kind in rows:
            with self.subTest(frame=frame[:40]):
                self.assertRaises(kind, read_event, frame)

    def test_size(self) -> None:
        """Data above the limit of a bus are refused."""
        frame = write_event("t", {"a": "x" * 100})
        read_event(frame)
        self.assertRaises(BadEncoding, read_event, frame, 50)
