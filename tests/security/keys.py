"""Keys for attackers and victims: made once for a process, and some that must never be accepted."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from txsalt.wire.rsa import PrivateKey, clean_pem


@cache
def key_pair(name: str) -> PrivateKey:
    """A key pair of somebody's."""
    return PrivateKey.generate(2048)


def ec_pem() -> str:
    """A public key that is no RSA key."""
    return _pem(ec.generate_private_key(ec.SECP256R1()).public_key())


def weak_pems() -> list[str]:
    """RSA keys that are too short or have a small exponent."""
    return [
        _pem(rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()),
        _pem(rsa.generate_private_key(public_exponent=3, key_size=2048).public_key()),
    ]


def _pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    return clean_pem(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
