"""
Seal and open the symmetric box: AES-192-CBC, then HMAC-SHA256 over iv and ciphertext.

Plaintext is a fixed marker, in replies the request's nonce (32 ASCII bytes), then msgpack. The
marker's word is historical; nothing here unpickles anything.

Making a cipher costs ten times what a box of usual size does, so that of a key is kept while it is
in use. CBC chains blocks: the first one that goes in after other boxes is random, so what comes out
for it is as random as an initialisation vector must be, and it is the vector of all that follows.
When opening, what comes out for the vector depends on the box before, and is not looked at.

Source: PROTOCOL section 5.4.
"""

import binascii
import hmac
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any  # a box holds any msgpack value

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from txsalt.errors import BadBox, BadEncoding, BadKey, BadNonce
from txsalt.wire import serial

KEY_STRING_CHARACTERS = 76
NONCE_CHARACTERS = 32
_AES_BYTES, _HMAC_BYTES, _BLOCK, _MAC = 24, 32, 16, 32
MIN_BOX_BYTES = _BLOCK + _BLOCK + _MAC
_MARKER = b"pickle::"
_START = bytes(_BLOCK)
_KEPT = 1024  # keys whose ciphers are kept, a KiB for each direction


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

    __slots__ = ("_aes", "_mac_key", "_vector")

    def __init__(
        self, key_string: str | bytes, vector: Callable[[int], bytes] | None = None
    ) -> None:
        """
        ``vector`` gives 16 bytes for each box in place of random ones: for recorded bytes only.

        Raises BadKey if ``key_string`` is not base64 of exactly 56 bytes.
        """
        try:
            material = binascii.a2b_base64(key_string, strict_mode=True)
        except (ValueError, UnicodeError) as exc:
            raise BadKey("key string is not base64") from exc
        if len(material) != _AES_BYTES + _HMAC_BYTES:
            raise BadKey("key string of the wrong length")
        self._aes = algorithms.AES(material[:_AES_BYTES])
        self._mac_key = material[_AES_BYTES:]
        self._vector = vector

    def seal(self, value: Any, nonce: str = "") -> bytes:
        """Pack ``value`` and seal it; ``nonce`` is given in replies only."""
        return self.seal_packed(serial.pack(value), nonce)

    def seal_packed(self, packed: bytes, nonce: str = "") -> bytes:
        """Seal bytes that are msgpack already."""
        plain = b"".join((_MARKER, nonce.encode("ascii"), packed))
        fill = _BLOCK - len(plain) % _BLOCK
        padded = plain + bytes((fill,)) * fill
        if self._vector is None:
            sealed = _encryptor(self._aes).update(os.urandom(_BLOCK) + padded)
        else:
            vector = self._vector(_BLOCK)
            sealed = vector + Cipher(self._aes, modes.CBC(vector)).encryptor().update(padded)
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
        padded = _decryptor(self._aes).update(sealed)
        fill = padded[-1]
        if not 1 <= fill <= _BLOCK or padded[-fill:] != bytes((fill,)) * fill:
            raise BadEncoding("padding")
        if not padded.startswith(_MARKER, _BLOCK):
            raise BadEncoding("marker")
        start = _BLOCK + len(_MARKER)
        if nonce:
            at, start = start, start + NONCE_CHARACTERS
            if not hmac.compare_digest(padded[at:start], nonce.encode("ascii")):
                raise BadNonce
        return padded[start:-fill]


@lru_cache(_KEPT)
def _encryptor(aes: algorithms.AES) -> CipherContext:
    return Cipher(aes, modes.CBC(_START)).encryptor()


@lru_cache(_KEPT)
def _decryptor(aes: algorithms.AES) -> CipherContext:
    return Cipher(aes, modes.CBC(_START)).decryptor()
