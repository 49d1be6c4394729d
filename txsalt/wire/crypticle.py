"""
Seal and open the symmetric box: AES-192-CBC, then HMAC-SHA256 over iv and ciphertext.

Plaintext is a fixed marker, in replies the request's nonce (32 ASCII bytes), then msgpack. The
marker's word is historical; nothing here unpickles anything.

Source: PROTOCOL section 5.4.
"""

import binascii
import hmac
import os
from collections.abc import Callable
from typing import Any  # a box holds any msgpack value

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from txsalt.errors import BadBox, BadEncoding, BadKey, BadNonce
from txsalt.wire import serial

KEY_STRING_CHARACTERS = 76
NONCE_CHARACTERS = 32
_AES_BYTES, _HMAC_BYTES, _BLOCK, _MAC = 24, 32, 16, 32
MIN_BOX_BYTES = _BLOCK + _BLOCK + _MAC
_MARKER = b"pickle::"


def generate_key_string(entropy: Callable[[int], bytes] = os.urandom) -> str:
    """Make a key string: base64 of 24 bytes for AES and 32 for HMAC, 76 characters."""
    return key_string_from(entropy(_AES_BYTES + _HMAC_BYTES))


def key_string_from(material: bytes) -> str:
    """Write 56 bytes of key material as a key string."""
    if len(material) != _AES_BYTES + _HMAC_BYTES:
        raise ValueError("56 bytes of key material are needed")
    return binascii.b2a_base64(material, newline=False).decode("ascii")


class Crypticle:
    """One symmetric key, ready to seal and open."""

    __slots__ = ("_cipher_key", "_entropy", "_mac_key")

    def __init__(
        self, key_string: str | bytes, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Raises BadKey if ``key_string`` is not base64 of exactly 56 bytes."""
        try:
            material = binascii.a2b_base64(key_string, strict_mode=True)
        except (ValueError, UnicodeError) as exc:
            raise BadKey("key string is not base64") from exc
        if len(material) != _AES_BYTES + _HMAC_BYTES:
            raise BadKey("key string of the wrong length")
        self._cipher_key = algorithms.AES(material[:_AES_BYTES])
        self._mac_key = material[_AES_BYTES:]
        self._entropy = entropy

    def seal(self, value: Any, nonce: str = "") -> bytes:
        """Pack ``value`` and seal it; ``nonce`` is given in replies only."""
        return self.seal_packed(serial.pack(value), nonce)

    def seal_packed(self, packed: bytes, nonce: str = "") -> bytes:
        """Seal bytes that are msgpack already."""
        plain = b"".join((_MARKER, nonce.encode("ascii"), packed))
        fill = _BLOCK - len(plain) % _BLOCK
        vector = self._entropy(_BLOCK)
        encryptor = Cipher(self._cipher_key, modes.CBC(vector)).encryptor()
        sealed = vector + encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()
        return sealed + hmac.digest(self._mac_key, sealed, "sha256")

    def open(self, box: bytes, nonce: str = "") -> Any:
        """
        Open a box and unpack what is in it.

        Raises BadBox if another key sealed it, BadNonce if ``nonce`` is given and differs,
        BadEncoding if the content is not msgpack within the limits.
        """
        return serial.unpack(self.open_packed(box, nonce))

    def open_packed(self, box: bytes, nonce: str = "") -> bytes:
        """Open a box and return the msgpack bytes in it; raises as ``open`` does."""
        if len(box) < MIN_BOX_BYTES or len(box) % _BLOCK:
            raise BadBox
        sealed, mac = box[:-_MAC], box[-_MAC:]
        if not hmac.compare_digest(hmac.digest(self._mac_key, sealed, "sha256"), mac):
            raise BadBox
        decryptor = Cipher(self._cipher_key, modes.CBC(sealed[:_BLOCK])).decryptor()
        padded = decryptor.update(sealed[_BLOCK:]) + decryptor.finalize()
        fill = padded[-1]
        if not 1 <= fill <= _BLOCK or padded[-fill:] != bytes([fill]) * fill:
            raise BadEncoding("padding")
        if not padded.startswith(_MARKER):
            raise BadEncoding("marker")
        start = len(_MARKER)
        if nonce:
            start += NONCE_CHARACTERS
            if not hmac.compare_digest(padded[len(_MARKER) : start], nonce.encode("ascii")):
                raise BadNonce
        return padded[start:-fill]
