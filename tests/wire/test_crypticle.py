"""Tests for the sealed box."""

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import BadBox, BadEncoding, BadKey, BadNonce
from txsalt.wire.crypticle import Crypticle, generate_key_string, key_string_from

MATERIAL = bytes(range(56))
NONCE = "0123456789abcdef" * 2


def hand_sealed(padded: bytes) -> bytes:
    """Seal bytes of any form under the right key, as a peer with that key could."""
    vector = bytes(16)
    encryptor = Cipher(algorithms.AES(MATERIAL[:24]), modes.CBC(vector)).encryptor()
    sealed = vector + encryptor.update(padded) + encryptor.finalize()
    return sealed + hmac.digest(MATERIAL[24:], sealed, "sha256")


class KeyStringTests(SynchronousTestCase):
    """A key string is the text of 56 bytes."""

    def test_form(self) -> None:
        """It has 76 characters, no line break, and is another one each time."""
        one, other = generate_key_string(), generate_key_string()
        self.assertEqual(len(one), 76)
        self.assertNotIn("\n", one)
        self.assertNotEqual(one, other)
        Crypticle(one)
        Crypticle(one.encode())

    def test_made_of_given_bytes(self) -> None:
        """The same bytes give the same key."""
        self.assertEqual(generate_key_string(lambda size: MATERIAL), key_string_from(MATERIAL))
        self.assertRaises(ValueError, key_string_from, MATERIAL[1:])

    def test_refused(self) -> None:
        """What is no key string is refused, and not quoted."""
        good = key_string_from(MATERIAL)
        for text in ("", "x", "!" * 76, good[:-4], good + "AAAA", good + "\n", "ü" * 76, b"\xff"):
            with self.subTest(text=text):
                error = self.assertRaises(BadKey, Crypticle, text)
                self.assertNotIn(good[:8], str(error))


class BoxTests(SynchronousTestCase):
    """Only who holds the key opens a box, and only the box that was sealed."""

    def setUp(self) -> None:
        self.key = Crypticle(key_string_from(MATERIAL))

    def test_round_trip(self) -> None:
        """Values of every length come out as they went in."""
        for size in range(40):
            box = self.key.seal({"a": "x" * size})
            self.assertEqual(self.key.open(box), {"a": "x" * size})
            self.assertEqual(len(box) % 16, 0)

    def test_empty_values(self) -> None:
        """Empty values are sealed like all others."""
        for value in (None, "", {}, [], False, 0):
            self.assertEqual(self.key.open(self.key.seal(value, NONCE), NONCE), value)

    def test_two_boxes_differ(self) -> None:
        """The same value gives another box each time."""
        self.assertNotEqual(self.key.seal("a"), self.key.seal("a"))

    def test_vectors(self) -> None:
        """Each box begins with a block of its own, and opens in any order, by any holder."""
        boxes = [self.key.seal(number) for number in range(300)]
        self.assertEqual(len({box[:16] for box in boxes}), 300)
        other = Crypticle(key_string_from(MATERIAL))
        for number in (*range(299, -1, -1), 7, 7):
            self.assertEqual(other.open(boxes[number]), number)

    def test_many_keys(self) -> None:
        """Boxes of more keys than are kept at hand open as well."""
        keys = [Crypticle(generate_key_string()) for _ in range(1500)]
        boxes = [key.seal(number) for number, key in enumerate(keys)]
        self.assertEqual(
            [key.open(box) for key, box in zip(keys, boxes, strict=True)], list(range(1500))
        )

    def test_known_box(self) -> None:
        """With a given initialisation vector the box is known to the byte."""
        writer = Crypticle(key_string_from(MATERIAL), vector=lambda size: bytes(size))
        self.assertEqual(writer.seal(None), hand_sealed(b"pickle::\xc0" + b"\x07" * 7))

    def test_other_key(self) -> None:
        """Another key does not open the box."""
        box = Crypticle(generate_key_string()).seal("a")
        self.assertRaises(BadBox, self.key.open, box)

    def test_every_changed_byte(self) -> None:
        """A box with any byte changed, cut or added is not opened."""
        box = self.key.seal("a")
        for at in range(len(box)):
            changed = bytearray(box)
            changed[at] ^= 1
            self.assertRaises(BadBox, self.key.open, bytes(changed))
            self.assertRaises(BadBox, self.key.open, box[:at])
        self.assertRaises(BadBox, self.key.open, box + bytes(16))

    def test_nonce(self) -> None:
        """A reply to another question is told apart from a damaged one."""
        box = self.key.seal("a", NONCE)
        self.assertEqual(self.key.open(box, NONCE), "a")
        self.assertRaises(BadNonce, self.key.open, box, NONCE[::-1])
        self.assertRaises(BadNonce, self.key.open, self.key.seal("a"), NONCE)
        self.assertRaises(BadNonce, self.key.open, self.key.seal("a" * 50), NONCE)

    def test_nonsense_under_the_right_key(self) -> None:
        """A peer that holds the key cannot make us read nonsense."""
        rows = [
            b"pickle::\xc0" + b"\x00" * 7,
            b"pickle::\xc0" + b"\x11" * 7,
            b"pickle::\xc0" + b"\x06" + b"\x07" * 6,
            b"nothing:\xc0" + b"\x07" * 7,
            b"\x10" * 16,
            b"pickle::" + b"\x08" * 8,
            b"pickle::\x80\x80" + b"\x06" * 6,
            b"pickle::\x91" + b"\x07" * 7,
        ]
        for padded in rows:
            with self.subTest(padded=padded):
                self.assertRaises(BadEncoding, self.key.open, hand_sealed(padded))
