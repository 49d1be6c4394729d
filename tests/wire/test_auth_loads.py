"""Tests for the loads of a sign-in."""

from typing import Any  # any msgpack value

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadEncoding, BadLoad, BadName, RemoteError
from txsalt.wire import auth_loads, serial

REQUEST = {
    "cmd": "_auth",
    "id": "web-01",
    "nonce": "0" * 32,
    "enc_algo": "OAEP-SHA224",
    "sig_algo": "PKCS1v15-SHA224",
    "autosign_grains": {"role": "web"},
    "token": b"\xff" * 256,
    "pub": "-----BEGIN\nabc\nEND-----",
}
ACCEPTED = {
    "enc": "pub",
    "pub_key": "-----BEGIN\nabc\nEND-----",
    "publish_port": 4505,
    "pub_sig": "AAAA\n",
    "token": b"\xff" * 256,
    "aes": b"\xfe" * 256,
    "session": b"\xfd" * 256,
    "sig": b"\xfc" * 256,
    "nonce": "0" * 32,
}


def changed(base: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return ``base`` with other fields; ... takes a field out."""
    return {name: value for name, value in {**base, **fields}.items() if value is not ...}


class RequestTests(SynchronousTestCase):
    """A minion introduces itself."""

    def test_round_trip(self) -> None:
        """The load is written as it was read, in order, with and without what may be missing."""
        for load in (
            REQUEST,
            changed(REQUEST, token=...),
            changed(REQUEST, autosign_grains=...),
            changed(REQUEST, token=..., autosign_grains=...),
        ):
            again = auth_loads.read_auth_request(load).load()
            self.assertEqual(list(again.items()), list(load.items()))

    def test_defaults(self) -> None:
        """An old minion names no algorithms and no nonce."""
        request = auth_loads.read_auth_request({"id": "a", "pub": "x"})
        self.assertEqual((request.enc_algo, request.sig_algo), ("OAEP-SHA1", "PKCS1v15-SHA1"))
        self.assertEqual((request.nonce, request.token), ("", None))

    def test_token_that_looks_like_text(self) -> None:
        """A token is bytes, whatever it was read as."""
        request = auth_loads.read_auth_request(changed(REQUEST, token="t" * 256))
        self.assertEqual(request.token, b"t" * 256)

    def test_key_is_cleaned(self) -> None:
        """The key is compared as cleaned text."""
        request = auth_loads.read_auth_request(changed(REQUEST, pub=" a\r\nb\n\n"))
        self.assertEqual(request.pub, "a\nb")

    def test_unknown_algorithms_are_left(self) -> None:
        """Unknown algorithms have a refusal of their own, which comes later."""
        request = auth_loads.read_auth_request(changed(REQUEST, sig_algo="ROT13"))
        self.assertEqual(request.sig_algo, "ROT13")

    def test_refused(self) -> None:
        """Fields that are missing or of a wrong kind are refused."""
        rows: list[tuple[dict[str, Any], type[RemoteError]]] = [
            ({"id": ...}, BadName),
            ({"id": 5}, BadName),
            ({"id": "../a"}, BadName),
            ({"id": "a\0"}, BadName),
            ({"pub": ...}, BadLoad),
            ({"pub": 5}, BadLoad),
            ({"pub": b"\xff"}, BadLoad),
            ({"pub": "x" * 100_000}, BadLoad),
            ({"nonce": 5}, BadLoad),
            ({"nonce": "0" * 1000}, BadLoad),
            ({"enc_algo": 5}, BadLoad),
            ({"sig_algo": None}, BadLoad),
            ({"token": 5}, BadLoad),
            ({"token": {"a": 1}}, BadLoad),
        ]
        for fields, kind in rows:
            with self.subTest(fields=str(fields)[:60]):
                load = changed(REQUEST, **fields)
                self.assertRaises(kind, auth_loads.read_auth_request, load)

    def test_secrets_are_not_shown(self) -> None:
        """What is printed of a request or reply holds no token and no key."""
        shown = repr(auth_loads.read_auth_request(REQUEST))
        shown += repr(auth_loads.inner_from(ACCEPTED))
        for secret in (b"\xff\xff", b"\xfe\xfe", b"\xfd\xfd"):
            self.assertNotIn(repr(secret)[2:-1], shown)


class ReplyTests(SynchronousTestCase):
    """The master answers."""

    def test_round_trip(self) -> None:
        """The inner map is written as it was read, in order."""
        for load in (
            ACCEPTED,
            changed(ACCEPTED, pub_sig=..., token=...),
            changed(ACCEPTED, session=..., nonce=...),
            {"ret": True, "nonce": "0" * 32},
            {"ret": False},
            {"ret": "full", "nonce": "0" * 32},
        ):
            inner = auth_loads.read_inner(serial.pack(load))
            self.assertEqual(serial.pack(inner.load()), serial.pack(load))

    def test_refused(self) -> None:
        """A reply that lacks something is refused."""
        rows: list[Any] = [
            5,
            [],
            {},
            {"nonce": "0"},
            {"ret": True, "nonce": 5},
            changed(ACCEPTED, aes=...),
            changed(ACCEPTED, aes=5),
            changed(ACCEPTED, sig=...),
            changed(ACCEPTED, session=None),
            changed(ACCEPTED, token=[]),
            changed(ACCEPTED, pub_key=None),
            changed(ACCEPTED, pub_key=5),
            changed(ACCEPTED, publish_port=...),
            changed(ACCEPTED, publish_port="4505"),
            changed(ACCEPTED, publish_port=True),
            changed(ACCEPTED, publish_port=0),
            changed(ACCEPTED, publish_port=-1),
            changed(ACCEPTED, publish_port=65536),
        ]
        for load in rows:
            with self.subTest(load=str(load)[:60]):
                self.assertRaises(BadLoad, auth_loads.read_inner, serial.pack(load))
        self.assertRaises(BadEncoding, auth_loads.read_inner, b"\xc1")

    def test_master_key_signature(self) -> None:
        """The signature over the master's key is base64 with a line break at its end."""
        text = auth_loads.write_pub_sig(b"\xff" * 256)
        self.assertTrue(text.endswith("=\n"))
        self.assertEqual(text.count("\n"), 1)
        self.assertEqual(auth_loads.read_pub_sig(text), b"\xff" * 256)
        for wrong in ("A", "ü", "AAAAA"):
            self.assertRaises(BadEncoding, auth_loads.read_pub_sig, wrong)

    def test_digest_of_the_shared_key(self) -> None:
        """What the master signs about the shared key is 64 hex characters."""
        digest = auth_loads.aes_digest(b"abc")
        self.assertTrue(digest.startswith(b"ba7816bf8f01cfea"))
        self.assertEqual(len(digest), 64)
