"""
Key pairs of virtual minions: made once, kept in a folder, shared by as many minions as wanted.

A key pair takes 50 ms to make. A master tells minions apart by id and gives each a session key of
its own, so a thousand minions that share one pair cost it what a thousand with their own do.
"""

import os
from pathlib import Path

from attrs import field, frozen

from txsalt.errors import BadKey, KeyFileError
from txsalt.protocol.sealed_request import TOKEN_TEXT
from txsalt.wire import rsa


@frozen
class Pair:
    """A key pair and the token that it makes."""

    key: rsa.PrivateKey = field(repr=False)
    tok: bytes = field(repr=False)


def default_folder() -> Path:
    """Return the folder that keeps key pairs between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "txsalt" / "swarm-keys"


def pairs(folder: Path, count: int, bits: int) -> list[Pair]:
    """
    Return ``count`` pairs from the folder; those that are missing are made and kept there.

    Raises KeyFileError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [_pair(folder / f"{bits}-{number}.pem", bits) for number in range(count)]
    except OSError as exc:
        raise KeyFileError(str(exc.filename or folder), exc.strerror or str(exc)) from exc


def accept(pki_dir: Path, keys: dict[str, rsa.PublicKey]) -> None:
    """
    Put public keys among the accepted ones of a master on this machine.

    Only where nobody else's key lies: raises KeyFileError for an id with another key, and for a
    folder that is no master's. What was put there before stays, for ``take_back``.
    """
    if not (pki_dir / "master.pub").is_file():
        raise KeyFileError(str(pki_dir), "no master has its key here")
    folder = pki_dir / "minions"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for minion_id, key in keys.items():
            _accept(folder / minion_id, key)
    except OSError as exc:
        raise KeyFileError(str(exc.filename or folder), exc.strerror or str(exc)) from exc


def take_back(pki_dir: Path, keys: dict[str, rsa.PublicKey]) -> None:
    """
    Remove what ``accept`` put there; a key that is another one by now stays.

    Raises KeyFileError for the first that cannot be removed, after all others were.
    """
    left: OSError | None = None
    for minion_id, key in keys.items():
        path = pki_dir / "minions" / minion_id
        try:
            if path.is_file() and _holds(path, key):
                path.unlink()
        except FileNotFoundError:
            pass  # somebody was faster
        except OSError as exc:
            left = left or exc
    if left is not None:
        reason = f"{left.strerror}; remove it, as it lets a swarm in"
        raise KeyFileError(str(left.filename), reason) from left


def _holds(path: Path, key: rsa.PublicKey) -> bool:
    return path.read_bytes().strip() == key.pem.encode()


def _accept(path: Path, key: rsa.PublicKey) -> None:
    if path.exists():
        if not _holds(path, key):
            raise KeyFileError(str(path), "another key of this id is accepted; choose a prefix")
        return
    # Made here, and not what somebody linked to this name: the folder may be another user's.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
        if os.geteuid() == 0:
            # The master may run as that user, and reads the key as soon as it is there.
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(key.pem)


def _pair(path: Path, bits: int) -> Pair:
    try:
        key = rsa.PrivateKey.from_pem(path.read_bytes())
    except FileNotFoundError:
        key = rsa.PrivateKey.generate(bits)
        # Two runs at once may both make it; the rename keeps each file whole.
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(key.pem())
        fresh.rename(path)
    except BadKey as exc:
        raise KeyFileError(str(path), exc.reason) from exc
    return Pair(key, key.sign_x931(TOKEN_TEXT))
