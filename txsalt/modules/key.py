"""
Tell fingerprints of the minion's keys, for an operator to compare with what the master shows.

Only public files are read. Source: Salt 3008.3, modules/key.py and utils/crypt.py pem_finger.
"""

import hashlib
import os

from txsalt.jobs.errors import SaltInvocationError

_PUBLIC, _MASTER = "minion.pub", "minion_master.pub"


def finger(hash_type: str | None = None) -> str:
    """
    Return the fingerprint of the minion's public key; "" before it has one.

    hash_type is sha256, md5, …; without one the option hash_type counts, as on the master.

    CLI Example: txsalt-cli '*' key.finger
    """
    return _fingerprint(_PUBLIC, hash_type)


def finger_master(hash_type: str | None = None) -> str:
    """
    Return the fingerprint of the master's key that the minion trusts; "" if it trusts none yet.

    CLI Example: txsalt-cli '*' key.finger_master
    """
    return _fingerprint(_MASTER, hash_type)


def _fingerprint(name: str, hash_type: str | None) -> str:
    kind = hash_type or __opts__.get("hash_type") or "sha256"
    path = os.path.join(__opts__["pki_dir"], name)
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        body = [line for line in file if line.strip()][1:-1]
    # As fingerprint of wire/rsa.py, whose library no job loads.
    try:
        text = b"".join(body).replace(b"\r\n", b"\n")
        digest = hashlib.new(kind, text, usedforsecurity=False).hexdigest()
    except (ValueError, TypeError) as exc:
        raise SaltInvocationError(f"hash_type {kind!r} is no kind of hash") from exc
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
