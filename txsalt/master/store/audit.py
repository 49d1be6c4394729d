"""
The audit log: one line for each change of a key or a token, with who, when and why.

``{pki_dir}/audit.log``, mode 0600, one JSON document a line. Each line carries the hash of the one
before it, so that a line that is changed or taken out afterwards shows (``verify``).
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

from attrs import asdict, frozen

from txsalt.errors import KeyFileError
from txsalt.master.store.private_file import give_to_owner_of

NAME = "audit.log"
FIRST = "0" * 64  # what the first line carries instead of a hash
_TAIL_BYTES = 16 * 1024  # more than the longest line
_MOST_CHARACTERS = 500


@frozen(kw_only=True)
class Entry:
    """
    One change.

    ``act``: accepted, rejected, pending, denied, deleted, …; ``id``: of the minion or token;
    ``by``: a user, or what changed it; ``finger``: of the key; ``note``: the operator's reason.
    """

    act: str
    id: str
    by: str
    was: str = ""
    finger: str = ""
    note: str = ""


def append(pki_dir: str, entries: list[Entry], now: float) -> None:
    """Append changes made at Unix time ``now``. Raises KeyFileError if that cannot be done."""
    path = os.path.join(pki_dir, NAME)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # until it is closed
            give_to_owner_of(pki_dir, descriptor)
            last = _last_hash(descriptor)
            written = b""
            for entry in entries:
                line, last = _line(entry, now, last)
                written += line
            if file.write(written) != len(written):
                raise OSError(0, "the disk is full")
    except OSError as exc:
        raise KeyFileError(path, f"the change was not logged: {exc.strerror or exc}") from exc


def read(pki_dir: str) -> Iterator[dict[str, str]]:
    """Yield the lines as maps, the oldest first. Raises KeyFileError."""
    path = os.path.join(pki_dir, NAME)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    found = json.loads(line)
                except ValueError:
                    found = None
                yield found if isinstance(found, dict) else {"act": "unreadable", "id": ""}
    except FileNotFoundError:
        return
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc


def verify(pki_dir: str) -> int:
    """Return the number of the first line (from 1) that does not follow on; 0: all do."""
    last = FIRST
    for number, found in enumerate(read(pki_dir), 1):
        shown = found.pop("hash", "")
        if found.get("prev") != last or _hash(found) != shown:
            return number
        last = shown
    return 0


def _line(entry: Entry, now: float, last: str) -> tuple[bytes, str]:
    when = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    short = {name: str(value)[:_MOST_CHARACTERS] for name, value in asdict(entry).items()}
    content = {"time": when, **short, "prev": last}
    digest = _hash(content)
    return (json.dumps({**content, "hash": digest}) + "\n").encode(), digest


def _hash(content: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _last_hash(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    if not size:
        return FIRST
    tail = os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    try:
        return str(json.loads(tail.splitlines()[-1])["hash"])
    except (ValueError, KeyError, TypeError):
        return FIRST  # a torn line; ``verify`` shows where
