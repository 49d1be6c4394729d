"""Keys and vectors that the tests of this room share; the private keys are those of the vectors."""

import base64
import json
from functools import cache
from pathlib import Path

from txsalt.wire.rsa import PrivateKey

VECTORS = Path(__file__).parents[1] / "vectors" / "3008.3"


@cache
def private_key(name: str) -> PrivateKey:
    """Return the key of ``master``, ``sign`` or a minion of the recording."""
    scenario = json.loads((VECTORS / "keys.json").read_text())["scenarios"]["main"]
    if name == "master":
        pem = scenario["master_private_pem"]
    elif name == "sign":
        pem = scenario["master_sign_private_pem"]
    else:
        pem = scenario["minion_private_pem"][name]
    return PrivateKey.from_pem(pem.encode())


def public_pem(modulus: int, exponent: int) -> str:
    """Write a public key of any numbers, also of such as no library would make."""
    algorithm = _der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    numbers = _der(0x30, _integer(modulus) + _integer(exponent))
    body = base64.encodebytes(_der(0x30, algorithm + _der(3, b"\0" + numbers))).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----"


def _integer(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
