"""
Check a password against what a password file keeps of it.

``crypt`` forms (bcrypt, SHA-256, SHA-512, yescrypt, MD5, DES) are the system library's business;
Apache's two own forms are made here.

Source: Apache HTTP Server 2.4, "Password Formats"; crypt(5).
"""

import base64
import ctypes
import hashlib
import hmac
from functools import cache
from typing import Any  # a foreign function

_APR1 = "$apr1$"
_SHA1 = "{SHA}"
_ROUNDS = 1000
_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Which bytes of the digest make up each four characters of the text.
_ORDER = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))


def htpasswd_fits(kept: str, password: str) -> bool:
    """Tell whether a line of an htpasswd file belongs to this password."""
    if kept.startswith(_APR1):
        salt = kept[len(_APR1) :].partition("$")[0]
        return _equal(apr1(password.encode(), salt), kept)
    if kept.startswith(_SHA1):
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
        return _equal(_SHA1 + base64.b64encode(digest).decode(), kept)
    made = _crypt(password, kept)
    return made is not None and not made.startswith("*") and _equal(made, kept)


def htdigest_fits(kept: str, user: str, realm: str, password: str) -> bool:
    """Tell whether the hash of an htdigest line belongs to this user and password."""
    return text_fits(kept, f"{user}:{realm}:{password}", "md5")


def text_fits(kept: str, password: str, hash_type: str) -> bool:
    """Tell whether ``kept`` is the password, or its hex digest. Raises ValueError for the type."""
    if hash_type == "plaintext":
        return _equal(kept, password)
    digest = hashlib.new(hash_type, password.encode(), usedforsecurity=False)
    return _equal(kept.lower(), digest.hexdigest())


def apr1(password: bytes, salt: str) -> str:
    """Return Apache's form of MD5 for a password and a salt of at most 8 characters."""
    seed = salt[:8].encode()
    inner = _md5(password + seed + password)
    mixed = password + _APR1.encode() + seed
    mixed += (inner * (len(password) // 16 + 1))[: len(password)]
    bits = len(password)
    while bits:
        mixed += b"\0" if bits & 1 else password[:1]
        bits >>= 1
    digest = _md5(mixed)
    for number in range(_ROUNDS):
        text = password if number % 2 else digest
        text += seed if number % 3 else b""
        text += password if number % 7 else b""
        text += digest if number % 2 else password
        digest = _md5(text)
    parts = [_four(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in _ORDER]
    return f"{_APR1}{salt[:8]}$" + "".join(parts) + _four(digest[11], 2)


def _four(value: int, count: int) -> str:
    return "".join(_ALPHABET[value >> 6 * place & 63] for place in range(count))


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _crypt(password: str, setting: str) -> str | None:
    function = _library()
    if function is None or "\0" in password or not setting.isascii():
        return None
    made = function(password.encode(), setting.encode())
    return None if made is None else str(made.decode("ascii", "replace"))


@cache
def _library() -> Any:
    for name in ("libcrypt.so.1", "libcrypt.so.2"):
        try:
            function = ctypes.CDLL(name).crypt
        except (OSError, AttributeError):
            continue
        function.argtypes, function.restype = (ctypes.c_char_p, ctypes.c_char_p), ctypes.c_char_p
        return function
    return None


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
