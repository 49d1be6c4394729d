"""
Key files of local users: who can read one may command the master.

``{cachedir}/.{user}_key``, mode 0600, owned by that user, one key string of 76 characters.

Source: PROTOCOL section 10.1.
"""

import os
import pwd
import re
from collections.abc import Iterable
from contextlib import suppress

from txsalt.errors import KeyFileError
from txsalt.master.store import access
from txsalt.master.store.private_file import write_private
from txsalt.rights.patterns import names
from txsalt.wire.crypticle import KEY_STRING_CHARACTERS, generate_key_string

_FILE = re.compile(r"\.(?P<user>[A-Za-z0-9_.@$-]{1,64})_key")


def path_of(cachedir: str, user: str) -> str:
    """Return where the key of ``user`` is. Raises KeyFileError for a name that is no user's."""
    path = os.path.join(cachedir, f".{user}_key")
    if not _FILE.fullmatch(f".{user}_key"):
        raise KeyFileError(path, "the name of the user cannot be part of a file name")
    return path


def limited_users(acl: Iterable[str], *, every_account: bool) -> list[str]:
    """
    Return the accounts of this machine that the option ``publisher_acl`` names.

    ``every_account``: patterns are looked up among all accounts, which may take long where these
    come from the network. Users that this machine does not have are left out.
    """
    patterns = list(acl)
    found = {each for each in patterns if _account(each) is not None}
    if every_account and any(set(each) & set("*?[]()^$.|\\+") for each in patterns):
        for entry in pwd.getpwall():
            if any(names(pattern, entry.pw_name) for pattern in patterns):
                found.add(entry.pw_name)
    return sorted(found)


def open_to(cachedir: str, users: Iterable[str]) -> list[str]:
    """
    Make a key for each user, which the user can read; return warnings.

    The folder becomes passable for everybody, not readable. Raises KeyFileError.
    """
    warnings = []
    for user in users:
        path = path_of(cachedir, user)
        try:
            ensure(cachedir, user)
        except KeyFileError as exc:
            # Made when the master ran as root: it is the user's, and we may not read it.
            warnings.append(
                f"user {user} of publisher_acl can do nothing: {exc}; let root delete it"
            )
            continue
        try:
            mode = os.stat(cachedir).st_mode & 0o7777
            os.chmod(cachedir, mode | 0o011)  # noqa: S103 - passable, not readable
            _let_read(path, user)
        except OSError as exc:
            warnings.append(
                f"user {user} of publisher_acl cannot read {path} ({exc.strerror}):"
                " let root give the file to the user, with mode 0600"
            )
    return warnings


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
    """Return all keys that can be read, by user; ``open_to`` warns of the others."""
    try:
        found = os.listdir(cachedir)
    except FileNotFoundError:
        return {}
    keys = {}
    for name in sorted(found):
        match = _FILE.fullmatch(name)
        if match is None:
            continue
        with suppress(KeyFileError):
            key = _read(os.path.join(cachedir, name))
            if key is not None:
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


def _let_read(path: str, user: str) -> None:
    entry = _account(user)
    if entry is None or os.stat(path).st_uid == entry.pw_uid or os.geteuid() == 0:
        return
    # A master that is not root gives nothing away, but lets one more user read its file.
    access.let_read(path, entry.pw_uid)


def _account(user: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(user)
    except (KeyError, ValueError):
        return None


def _give_to(path: str, user: str) -> None:
    if os.geteuid() != 0:
        return
    entry = _account(user)
    if entry is not None:  # a user of another machine's configuration; root keeps the file
        os.chown(path, entry.pw_uid, -1)
