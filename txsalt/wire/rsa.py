"""
RSA keys as the wire uses them: PEM texts, OAEP, PKCS #1 v1.5 signatures, X9.31 tokens.

Keys travel and are compared as cleaned PEM: white space stripped, lines joined by one line feed.
A private key is parsed once and kept: the check of its numbers is skipped, because it comes from
our own file, and would cost 41 ms at each load.

Source: PROTOCOL sections 5.1 to 5.3.
"""

import hashlib
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from txsalt.errors import BadKey, BadSignature
from txsalt.wire import x931
from txsalt.wire.algorithms import (
    OAEP_SHA1,
    OAEP_SHA224,
    PKCS1V15_SHA1,
    PKCS1V15_SHA224,
    check_enc_algo,
    check_sig_algo,
)
from txsalt.wire.modular_power import power

MIN_BITS = 2048
MAX_BITS = 8192
MIN_EXPONENT = 65537
MAX_EXPONENT = 2**64 - 1  # the cost of each check grows with it, and the peer chooses it
MAX_PEM_CHARACTERS = 16 * 1024

# SHA-1 is what stock peers use unless told otherwise.
_SHA1, _SHA224 = hashes.SHA1(), hashes.SHA224()  # noqa: S303
_OAEP = {
    OAEP_SHA1: padding.OAEP(padding.MGF1(_SHA1), _SHA1, None),
    OAEP_SHA224: padding.OAEP(padding.MGF1(_SHA224), _SHA224, None),
}
_SIGNATURE_HASH = {PKCS1V15_SHA1: _SHA1, PKCS1V15_SHA224: _SHA224}
_PKCS1 = padding.PKCS1v15()


def clean_pem(text: str) -> str:
    """Strip the PEM text and join its lines by one line feed, as keys are sent and compared."""
    return "\n".join(text.strip().splitlines())


def fingerprint(pem: str, hash_type: str = "sha256") -> str:
    """
    Hash the body of a PEM text, without its first and last line, to hex pairs joined by colons.

    This is what ``master_finger`` of a minion is compared with.  Source: PROTOCOL section 5.2.
    """
    body = pem.strip().splitlines()[1:-1]
    digest = hashlib.new(hash_type, "".join(line + "\n" for line in body).encode()).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


class PublicKey:
    """A peer's RSA key, and the cleaned PEM that names it."""

    __slots__ = ("_key", "_numbers", "pem")

    def __init__(self, key: rsa.RSAPublicKey, pem: str) -> None:
        self._key = key
        self._numbers = key.public_numbers()
        self.pem = pem

    @classmethod
    def from_pem(cls, text: str) -> Self:
        """
        Read a public PEM text.

        Raises BadKey if it is no RSA key, has fewer than 2048 or more than 8192 bits, or an
        exponent below 65537 or above 64 bits.
        """
        if len(text) > MAX_PEM_CHARACTERS:
            raise BadKey("text too long")
        pem = clean_pem(text)
        try:
            key = serialization.load_pem_public_key(pem.encode())
        except (ValueError, TypeError, UnicodeError, UnsupportedAlgorithm) as exc:
            raise BadKey("not a public key in PEM form") from exc
        if not isinstance(key, rsa.RSAPublicKey):
            raise BadKey("not an RSA key")
        if not MIN_BITS <= key.key_size <= MAX_BITS:
            raise BadKey(f"{key.key_size} bits; {MIN_BITS} to {MAX_BITS} are accepted")
        if key.public_numbers().n % 2 == 0:
            raise BadKey("an even modulus")  # no product of two primes; encrypting would fail
        if not MIN_EXPONENT <= key.public_numbers().e <= MAX_EXPONENT:
            raise BadKey("public exponent below 65537 or above 64 bits")
        return cls(key, pem)

    def fingerprint(self, hash_type: str = "sha256") -> str:
        """Return the fingerprint of this key; see the function of the same name."""
        return fingerprint(self.pem, hash_type)

    def encrypt(self, data: bytes, algorithm: str) -> bytes:
        """Encrypt ``data`` (a key string of 76 bytes) with OAEP."""
        return self._key.encrypt(data, _OAEP[check_enc_algo(algorithm)])

    def verify(self, signature: bytes, data: bytes, algorithm: str, what: str = "message") -> None:
        """Raise BadSignature unless this key's owner signed ``data``."""
        try:
            self._key.verify(signature, data, _PKCS1, _SIGNATURE_HASH[check_sig_algo(algorithm)])
        except InvalidSignature as exc:
            raise BadSignature(what) from exc

    def recover(self, signature: bytes) -> bytes:
        """Return the data of an X9.31 signature; raise BadSignature if it is none of this key."""
        modulus = self._numbers.n
        value = int.from_bytes(signature, "big")
        if len(signature) != (modulus.bit_length() + 7) // 8 or value >= modulus:
            raise BadSignature("token")
        return x931.decode_block(power(value, self._numbers.e, modulus), modulus)


class PrivateKey:
    """Our own RSA key pair."""

    __slots__ = ("_key", "public")

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        public = key.public_key()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public = PublicKey(public, clean_pem(pem.decode()))

    @classmethod
    def from_pem(cls, pem: bytes, password: bytes | None = None) -> Self:
        """Read our own private PEM. Raises BadKey if it is not a readable RSA key."""
        try:
            key = serialization.load_pem_private_key(
                pem, password, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise BadKey("not a readable private key in PEM form") from exc
        if not isinstance(key, rsa.RSAPrivateKey):
            raise BadKey("not an RSA key")
        return cls(key)

    @classmethod
    def generate(cls, bits: int) -> Self:
        """Make a key pair with public exponent 65537; takes 50 ms (2048) to 500 ms (4096)."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=bits))

    def pem(self) -> bytes:
        """Return the private key as a traditional PKCS #1 PEM."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )

    def decrypt(self, data: bytes, algorithm: str) -> bytes:
        """Decrypt OAEP. Raises BadKey if ``data`` was not encrypted to this key."""
        try:
            return self._key.decrypt(data, _OAEP[check_enc_algo(algorithm)])
        except ValueError as exc:
            raise BadKey("not encrypted to this key") from exc

    def sign(self, data: bytes, algorithm: str) -> bytes:
        """Sign with PKCS #1 v1.5."""
        return self._key.sign(data, _PKCS1, _SIGNATURE_HASH[check_sig_algo(algorithm)])

    def sign_x931(self, data: bytes) -> bytes:
        """Sign so that the data can be recovered; the same data always give the same bytes."""
        numbers = self._key.private_numbers()
        modulus = numbers.public_numbers.n
        size = (modulus.bit_length() + 7) // 8
        block = x931.encode_block(data, size)
        # Two half-size powers (Garner) are four times cheaper than one of full size.
        m_p = pow(block % numbers.p, numbers.dmp1, numbers.p)
        m_q = pow(block % numbers.q, numbers.dmq1, numbers.q)
        value = m_q + numbers.q * ((m_p - m_q) * numbers.iqmp % numbers.p)
        return min(value, modulus - value).to_bytes(size, "big")
