"""Tests for RSA keys and what is done with them."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from twisted.trial.unittest import SynchronousTestCase

from tests.wire.keys import private_key, public_pem
from txsalt.errors import BadAlgorithm, BadKey, BadSignature
from txsalt.wire.rsa import PrivateKey, PublicKey, clean_pem, fingerprint

ENC = ("OAEP-SHA1", "OAEP-SHA224")
SIG = ("PKCS1v15-SHA1", "PKCS1v15-SHA224")
KEY_STRING = b"k" * 76


def public_text(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """Return the public PEM of a key that is not RSA."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


class PemTests(SynchronousTestCase):
    """A key is named by its cleaned text."""

    def test_clean(self) -> None:
        """White space around and line ends of other systems do not make another key."""
        pem = private_key("master").public.pem
        for text in (pem, f"\n {pem}\n\n", pem.replace("\n", "\r\n"), pem + "\n"):
            self.assertEqual(clean_pem(text), pem)
            self.assertEqual(PublicKey.from_pem(text).pem, pem)
        self.assertEqual(len(pem), 450)

    def test_fingerprint(self) -> None:
        """The fingerprint covers the body alone, with its line breaks."""
        pem = "-----BEGIN PUBLIC KEY-----\nabc\ndef\n-----END PUBLIC KEY-----"
        sha256 = fingerprint(pem)
        # sha256sum of the two lines "abc" and "def"
        digest = "924d391c158a46409fdff363063d718ea0bc00b14556f129984942af91233bbe"
        self.assertEqual(sha256.replace(":", ""), digest)
        self.assertEqual(len(sha256.split(":")), 32)
        self.assertEqual(len(fingerprint("\n" + pem + "\n", "md5").split(":")), 16)
        self.assertEqual(sha256, fingerprint(pem.replace("PUBLIC", "RSA PUBLIC")))
        self.assertNotEqual(sha256, fingerprint(pem.replace("abc\ndef", "abcdef")))


class PublicKeyTests(SynchronousTestCase):
    """A peer's key is checked before it is used."""

    def test_refused(self) -> None:
        """Keys that are weak, costly or of another kind are refused when they are read."""
        modulus = private_key("master").public._key.public_numbers().n
        small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        rows = {
            "empty": "",
            "no key": "hello",
            "half a key": private_key("master").public.pem[:200],
            "half characters": "\ud800",
            "private": private_key("web-01").pem().decode(),
            "elliptic curve": public_text(ec.generate_private_key(ec.SECP256R1())),
            "edwards curve": public_text(ed25519.Ed25519PrivateKey.generate()),
            "512 bits": public_pem(2**511 + 111, 65537),
            "1024 bits": public_pem(small.public_key().public_numbers().n, 65537),
            "2047 bits": public_pem(2**2046 + 1, 65537),
            "16384 bits": public_pem(2**16383 + 1, 65537),
            "exponent 1": public_pem(modulus, 1),
            "exponent 3": public_pem(modulus, 3),
            "even exponent": public_pem(modulus, 65538),
            "huge exponent": public_pem(modulus, 2**2000 + 1),
            "even modulus": public_pem(modulus - 1, 65537),
            "zero": public_pem(0, 65537),
            "huge text": "-----BEGIN PUBLIC KEY-----\n" + "A" * 100_000,
        }
        for what, pem in rows.items():
            with self.subTest(what=what):
                self.assertRaises(BadKey, PublicKey.from_pem, pem)

    def test_accepted(self) -> None:
        """Keys of usual sizes are read."""
        modulus = private_key("master").public._key.public_numbers().n
        PublicKey.from_pem(public_pem(modulus, 65537))
        PublicKey.from_pem(public_pem(2**4095 + 1, 65537))

    def test_odd_sizes_of_messages(self) -> None:
        """Signatures and tokens of wrong sizes are bad ones, nothing worse."""
        key = private_key("master").public
        for blob in (b"", b"\0", b"\1" * 255, b"\1" * 257, b"\xff" * 256, bytes(256), b"x" * 9999):
            with self.subTest(size=len(blob)):
                self.assertRaises(BadSignature, key.recover, blob)
                self.assertRaises(BadSignature, key.verify, blob, b"data", SIG[0])

    def test_secret_is_not_shown(self) -> None:
        """A key's own repr shows no numbers."""
        key = private_key("master")
        self.assertNotIn(str(key._key.private_numbers().d)[:20], repr(key))


class PrivateKeyTests(SynchronousTestCase):
    """Our key does what its public half undoes."""

    def setUp(self) -> None:
        self.key = private_key("master")

    def test_encryption(self) -> None:
        """Both algorithms open what they sealed, and not what the other did."""
        for algorithm, other in (ENC, ENC[::-1]):
            sealed = self.key.public.encrypt(KEY_STRING, algorithm)
            self.assertEqual(self.key.decrypt(sealed, algorithm), KEY_STRING)
            self.assertRaises(BadKey, self.key.decrypt, sealed, other)
            self.assertRaises(BadKey, private_key("web-01").decrypt, sealed, algorithm)

    def test_garbage_is_not_decrypted(self) -> None:
        """What was not encrypted to us is refused."""
        for blob in (b"", b"x", bytes(256), b"\xff" * 256, b"x" * 300):
            self.assertRaises(BadKey, self.key.decrypt, blob, ENC[0])

    def test_signatures(self) -> None:
        """Both algorithms verify what they signed, and nothing else."""
        for algorithm, other in (SIG, SIG[::-1]):
            signature = self.key.sign(b"data", algorithm)
            public = self.key.public
            public.verify(signature, b"data", algorithm)
            self.assertRaises(BadSignature, public.verify, signature, b"datA", algorithm)
            self.assertRaises(BadSignature, public.verify, signature, b"data", other)
            self.assertRaises(
                BadSignature, private_key("web-01").public.verify, signature, b"data", algorithm
            )

    def test_tokens(self) -> None:
        """A token gives its text back to the holder of the right public key only."""
        token = self.key.sign_x931(b"salt")
        self.assertEqual(token, self.key.sign_x931(b"salt"))
        self.assertEqual(self.key.public.recover(token), b"salt")
        self.assertRaises(BadSignature, private_key("web-01").public.recover, token)

    def test_unknown_algorithms(self) -> None:
        """A name outside the four is refused, whatever it is used for."""
        public = self.key.public
        for name in ("", "OAEP", "PKCS1v15-SHA256", "oaep-sha1", "OAEP-SHA1\n"):
            self.assertRaises(BadAlgorithm, public.encrypt, b"x", name)
            self.assertRaises(BadAlgorithm, self.key.decrypt, b"x", name)
            self.assertRaises(BadAlgorithm, self.key.sign, b"x", name)
            self.assertRaises(BadAlgorithm, public.verify, b"x", b"x", name)

    def test_files(self) -> None:
        """The PEM of a key gives the same key; other files are refused."""
        again = PrivateKey.from_pem(self.key.pem())
        self.assertEqual(again.public.pem, self.key.public.pem)
        self.assertTrue(self.key.pem().startswith(b"-----BEGIN RSA PRIVATE KEY-----"))
        curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        for pem in (b"", b"x", self.key.public.pem.encode(), self.key.pem()[:300], curve):
            self.assertRaises(BadKey, PrivateKey.from_pem, pem)

    def test_encrypted_file(self) -> None:
        """A key file with a pass phrase opens with it, and with no other."""
        pem = self.key._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(b"phrase"),
        )
        self.assertEqual(PrivateKey.from_pem(pem, b"phrase").public.pem, self.key.public.pem)
        self.assertRaises(BadKey, PrivateKey.from_pem, pem, b"other")
        self.assertRaises(BadKey, PrivateKey.from_pem, pem)

    def test_generated(self) -> None:
        """A new key is one that we accept ourselves."""
        key = PrivateKey.generate(2048)
        PublicKey.from_pem(key.public.pem)
        self.assertEqual(key.public.recover(key.sign_x931(b"salt")), b"salt")
