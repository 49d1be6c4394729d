"""
Run as the user of the configuration, as Salt's option ``user`` has it.

Started by root for another user, the daemon's folders are made for that user, and twistd sheds
root's privileges before it opens a socket.
"""

import os
import pwd
from collections.abc import Iterable

from attrs import frozen

from txsalt.errors import LocalError


@frozen
class CannotBeUser(LocalError):
    """The configured user is not the one who started the daemon, or does not exist."""

    user: str
    reason: str

    def __str__(self) -> str:
        return f"configured to run as user {self.user}, but {self.reason}"


@frozen
class Account:
    """Whom to become; ``gid`` is the account's main group."""

    name: str
    uid: int
    gid: int


def account_to_become(user: str) -> Account | None:
    """Return the account of ``user``; None if it is our own. Raises CannotBeUser."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise CannotBeUser(user, "there is no such user") from None
    if entry.pw_uid == os.geteuid():
        return None
    if os.geteuid() != 0:
        raise CannotBeUser(user, "only root can become another; start it as that user or as root")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def hand_over(account: Account, folders: Iterable[str]) -> None:
    """Make the folders that are missing and give them, with what is in them, to the account."""
    for folder in folders:
        os.makedirs(folder, mode=0o750, exist_ok=True)
        _give(account, folder)
        for place, _, names in os.walk(folder):
            for name in names:
                _give(account, os.path.join(place, name))
            _give(account, place)


def _give(account: Account, path: str) -> None:
    status = os.lstat(path)
    # Only what root made: an operator may have given single files to others.
    if status.st_uid == 0:
        os.lchown(path, account.uid, account.gid)
