"""Tests for the outer messages of 4506."""

from typing import Any  # any msgpack value

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import (
    BadAlgorithm,
    BadEncoding,
    BadEnvelope,
    BadName,
    RemoteError,
    VersionRefused,
)
from txsalt.wire import envelope, serial
from txsalt.wire.envelope import MAX_CLEAR_BYTES

SEALED = {
    "enc": "aes",
    "load": b"\xff" * 96,
    "version": 3,
    "id": "web-01",
    "enc_algo": "OAEP-SHA1",
    "sig_algo": "PKCS1v15-SHA224",
}
CLEAR = {"enc": "clear", "load": {"cmd": "ping"}, "version": 3}


def changed(base: dict[str, Any], **fields: Any) -> bytes:
    """Pack ``base`` with other fields; ... takes a field out."""
    outer = {name: value for name, value in {**base, **fields}.items() if value is not ...}
    return serial.pack(outer)


class ReadRequestTests(SynchronousTestCase):
    """A request is read, or refused before it has any effect."""

    def test_sealed(self) -> None:
        """A sealed request tells its sender and algorithms."""
        request = envelope.read_request(serial.pack(SEALED))
        self.assertEqual(
            request,
            envelope.SealedRequest(
                minion_id="web-01",
                box=b"\xff" * 96,
                version=3,
                enc_algo="OAEP-SHA1",
                sig_algo="PKCS1v15-SHA224",
            ),
        )

    def test_box_that_looks_like_text(self) -> None:
        """A box whose bytes happen to be text is still bytes."""
        self.assertEqual(envelope.read_request(changed(SEALED, load=b"a" * 96)).box, b"a" * 96)

    def test_clear(self) -> None:
        """A clear request carries a map of text."""
        request = envelope.read_request(serial.pack(CLEAR))
        self.assertEqual(request, envelope.ClearRequest(load={"cmd": "ping"}, version=3))

    def test_algorithms_have_defaults(self) -> None:
        """A sealed request without algorithms means the usual ones."""
        request = envelope.read_request(changed(SEALED, enc_algo=..., sig_algo=...))
        self.assertEqual((request.enc_algo, request.sig_algo), ("OAEP-SHA1", "PKCS1v15-SHA1"))

    def test_versions(self) -> None:
        """A version below the floor is refused; what is no number counts as 0."""
        for version in (0, 1, 2, -1, None, "x", "", "2", True, 2.9, [3], {"a": 3}, b"\xff", ...):
            for base in (CLEAR, SEALED):
                with self.subTest(version=version, enc=base["enc"]):
                    raw = changed(base, version=version)
                    self.assertRaises(VersionRefused, envelope.read_request, raw)
        for version in (3, "3", 4, 255, 2**64 - 1):
            envelope.read_request(changed(CLEAR, version=version))

    def test_old_versions_by_choice(self) -> None:
        """An operator may lower the floor; old sealed requests have no id outside."""
        raw = changed(SEALED, version=2, id=..., enc_algo=..., sig_algo=...)
        self.assertIsNone(envelope.read_request(raw, 2).minion_id)
        self.assertRaises(VersionRefused, envelope.read_request, changed(CLEAR, version=1), 2)

    def test_broken(self) -> None:
        """Anything that is no request is refused, each for its reason."""
        rows: list[tuple[bytes, type[RemoteError]]] = [
            (b"", BadEncoding),
            (b"\xc1", BadEncoding),
            (serial.pack(5), BadEnvelope),
            (serial.pack([]), BadEnvelope),
            (serial.pack({}), BadEnvelope),
            (changed(CLEAR, load=...), BadEnvelope),
            (changed(CLEAR, enc=...), BadEnvelope),
            (changed(CLEAR, enc="zip"), BadEnvelope),
            (changed(CLEAR, enc=None), BadEnvelope),
            (changed(CLEAR, load=["x"]), BadEnvelope),
            (changed(CLEAR, load="x"), BadEnvelope),
            (changed(CLEAR, load={1: 2}), BadEnvelope),
            (changed(CLEAR, load={b"\xff": 2}), BadEnvelope),
            (changed(SEALED, load={}), BadEnvelope),
            (changed(SEALED, load=None), BadEnvelope),
            (changed(SEALED, enc_algo="RSA"), BadAlgorithm),
            (changed(SEALED, sig_algo=None), BadAlgorithm),
            (changed(SEALED, sig_algo=["PKCS1v15-SHA1"]), BadAlgorithm),
        ]
        for raw, kind in rows:
            with self.subTest(raw=raw[:80]):
                self.assertRaises(kind, envelope.read_request, raw)

    def test_ids(self) -> None:
        """An id that could reach a file or a log is refused at the door."""
        for name in (..., None, 5, "", "a/b", "..", "a\0", "a\nb", "x" * 4096, b"\xff", "a\\b", []):
            with self.subTest(name=name):
                self.assertRaises(BadName, envelope.read_request, changed(SEALED, id=name))

    def test_large_clear_message(self) -> None:
        """A large message may only be a sealed one: nobody unknown makes us build large values."""
        rows = [
            changed(CLEAR, load={"pub": "x" * MAX_CLEAR_BYTES}),
            changed(CLEAR, load=[[]] * MAX_CLEAR_BYTES),
            changed(SEALED, load=[{}] * MAX_CLEAR_BYTES),
            changed(SEALED, id={"a": "x" * MAX_CLEAR_BYTES}),
            b"\x91" * (MAX_CLEAR_BYTES + 2),
            b"\x81\xa1a" * MAX_CLEAR_BYTES,
            b"\xdf\x00\x10\x00\x00" + b"\xa3enc\xc0" * 2**20,
        ]
        for raw in rows:
            self.assertTrue(len(raw) > MAX_CLEAR_BYTES)
            self.assertRaises(RemoteError, envelope.read_request, raw)

    def test_large_sealed_message(self) -> None:
        """A sealed return of many megabytes is served, up to the limit."""
        box = b"\xff" * (5 * 1024 * 1024)
        raw = changed(SEALED, load=box)
        self.assertEqual(envelope.read_request(raw).box, box)
        self.assertRaises(BadEncoding, envelope.read_request, raw, 3, len(raw) - 1)


class WriteRequestTests(SynchronousTestCase):
    """What we ask has the fields of stock minions, in their order."""

    def test_sealed(self) -> None:
        """A sealed request is version 3 and names its sender."""
        raw = envelope.write_sealed_request("web-01", b"\xff" * 96, "OAEP-SHA1", "PKCS1v15-SHA224")
        self.assertEqual(raw, serial.pack(SEALED))

    def test_clear(self) -> None:
        """A clear request is version 3."""
        self.assertEqual(envelope.write_clear_request({"cmd": "ping"}), serial.pack(CLEAR))


class ReplyTests(SynchronousTestCase):
    """Each shape of reply is its own kind, both ways."""

    def test_shapes(self) -> None:
        """A reply is read as what it was written as."""
        rows = [
            envelope.SignedReply(packed_load=b"\x80", sig=b"a" * 256),
            envelope.ClearReply({"ret": "bad sig algo"}),
            envelope.PrivateReply(key=b"k" * 256, box=b"text, but a box"),
            envelope.BareReply({"enc": "pub", "pub_key": "x"}),
            envelope.BareReply([1, "a"]),
            envelope.BareReply(None),
            envelope.BareReply(b"bad load"),
            envelope.BareReply({"key": "a", "pillar": "b", "more": "c"}),
            envelope.BareReply({"enc": "clear", "load": 5}),
        ]
        for reply in rows:
            with self.subTest(reply=repr(reply)[:80]):
                self.assertEqual(envelope.read_reply(envelope.write_reply(reply)), reply)

    def test_bare_text_is_written_as_text(self) -> None:
        """The refusal that makes a minion sign in again is eight bytes."""
        raw = envelope.write_reply(envelope.BareReply(envelope.BAD_LOAD))
        self.assertEqual(raw, b"\xa8bad load")

    def test_broken(self) -> None:
        """A reply that cannot be read is refused."""
        for raw in (b"", b"\xc1", serial.pack({"enc": "clear", "load": {1: 2}})):
            self.assertRaises(RemoteError, envelope.read_reply, raw)
