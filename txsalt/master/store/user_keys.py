"""
Key files of local users: who can read one may command the master.

``{cachedir}/.{user}_key``, mode 0600, owned by that user, one key string of 76 characters.

Source: PROTOCOL section 10.1.
"""

import os
import pwd
import re

from txsalt.errors import KeyFileError
from txsalt.master.store.private_file import write_private
from txsalt.wire.crypticle import KEY_STRING_CHARACTERS, generate_key_string

_FILE = re.compile(r"\.(?P<user>[A-Za-z0-9_.@$-]{1,64})_key")


def path_of(cachedir: str, user: str) -> str:
    """Return where the key of ``user`` is. Raises KeyFileError for a name that is no user's."""
    path = os.path.join(cachedir, f".{user}_key")
    if not _FILE.fullmatch(f".{user}_key"):
        raise KeyFileError(path, "the name of the user cannot be part of a file name")
    return path


def ensure(cachedir: str, user: str) -> str:
    """Return the key of ``user``; make the file if there is none. Raises KeyFileError."""
    path = path_of(cachedir, user)
    key = _read(path)
    if key is not None:
        return key
    key = generate_key_string()
    try:
        os.makedirs(cachedir, exist_ok=True)
        write_private(path, key.encode("ascii"))
        _give_to(path, user)
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc
    return key


def load_all(cachedir: str) -> dict[str, str]:
    """Return all keys, by user. Raises KeyFileError for one that cannot be read."""
    try:
        found = os.listdir(cachedir)
    except FileNotFoundError:
        return {}
    keys = {}
    for name in sorted(found):
        match = _FILE.fullmatch(name)
        key = _read(os.path.join(cachedir, name)) if match else None
        if match and key is not None:
            keys[match["user"]] = key
    return keys


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            key = file.read(4 * KEY_STRING_CHARACTERS).strip()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise KeyFileError(path, exc.strerror or str(exc)) from exc
    # A short key (a file emptied by a full disk) could be guessed: it is none.
    return key if len(key) == KEY_STRING_CHARACTERS else None


def _give_to(path: str, user: str) -> None:
    if os.geteuid() != 0:
        return
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return  # a user of another machine's configuration; root keeps the file
    os.chown(path, entry.pw_uid, -1)
