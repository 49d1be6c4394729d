"""
Derive the session key of a minion from one secret of the master.

Every worker computes the same key without file, lock or table. The key is bound to the minion's
accepted public key, so a minion whose key was replaced or deleted has none; and to an epoch, so
that it ends with time. Each minion's epochs start at an offset of its own: renewals spread over
the period and never come as a herd.

Source: RFC 5869 (expand step, HMAC-SHA256); PROTOCOL section 8.1 for what a session key is.
"""

import hashlib
import hmac
import math

from txsalt.wire.crypticle import key_string_from

SECRET_BYTES = 32
_MATERIAL_BYTES = 56


def epoch_of(minion_id: str, now: float, period: int) -> int:
    """Return the number of the minion's epoch at Unix time ``now``; ``period`` seconds, 0: no
    end."""
    if period <= 0:
        return 0
    return int(now + _offset(minion_id, period)) // period


def span_of(minion_id: str, now: float, period: int) -> tuple[float, float]:
    """Return the Unix times at which the epoch of ``now`` begins, and at which the next does."""
    if period <= 0:
        return -math.inf, math.inf
    begins = epoch_of(minion_id, now, period) * period - _offset(minion_id, period)
    return begins, begins + period


def derive(secret: bytes, minion_id: str, pem: str, epoch: int) -> str:
    """Return the key string for a minion whose accepted cleaned PEM is ``pem``."""
    fingerprint = hashlib.sha256(pem.encode()).digest()
    name = minion_id.encode()
    info = b"".join(
        (b"txsalt session", len(name).to_bytes(2, "big"), name, fingerprint, b"%d" % epoch)
    )
    material, block, counter = b"", b"", 1
    while len(material) < _MATERIAL_BYTES:
        block = hmac.digest(secret, block + info + bytes([counter]), "sha256")
        material += block
        counter += 1
    return key_string_from(material[:_MATERIAL_BYTES])


def _offset(minion_id: str, period: int) -> int:
    return int.from_bytes(hashlib.sha256(minion_id.encode()).digest()[:8], "big") % period
