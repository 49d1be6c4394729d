"""
Run as the user of the configuration, as Salt's option ``user`` has it.

Started by root for another user, the daemon's folders are made for that user, and twistd sheds
root's privileges before it opens a socket.
"""

import os
import pwd
import stat
from collections.abc import Mapping

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
class FolderOfAnother(LocalError):
    """A folder of the configuration is neither root's nor the configured user's."""

    path: str
    owner: str
    mode: int
    user: str

    def __str__(self) -> str:
        return (
            f"{self.path} belongs to {self.owner}, mode {self.mode:03o}, and {self.user} may not"
            f" write there; if nobody else needs it: chown -R {self.user} {self.path}"
        )


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


def hand_over(account: Account, folders: Mapping[str, int]) -> None:
    """
    Make the folders that are missing and give them, with what is in them, to the account.

    ``folders`` maps paths to the modes of new ones. Raises FolderOfAnother.
    """
    for folder, mode in folders.items():
        _make(folder, mode)
        for place, _, names in os.walk(folder):
            for name in names:
                give(account, os.path.join(place, name))
            give(account, place)
        _check(account, folder)


def give(account: Account, path: str, *, of_anybody: bool = False) -> None:
    """
    Give a file or folder of root's to the account; ``of_anybody``: whosever it is.

    Links are left alone, and files with a second name: the account may have made them here, to get
    at what they stand for.
    """
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISLNK(status.st_mode):
            return
        if status.st_nlink != 1 and not stat.S_ISDIR(status.st_mode):
            return
        # Only what root made: an operator may have given single files to others.
        if status.st_uid == 0 or (of_anybody and status.st_uid != account.uid):
            os.chown(f"/proc/self/fd/{descriptor}", account.uid, account.gid)
    finally:
        os.close(descriptor)


def _make(folder: str, mode: int) -> None:
    previous = os.umask(0o022)  # root's own may keep the account away
    try:
        os.makedirs(folder, mode=mode, exist_ok=True)
    finally:
        os.umask(previous)


def _check(account: Account, folder: str) -> None:
    status = os.stat(folder)
    if status.st_uid == account.uid:
        wanted = stat.S_IRWXU
    elif status.st_gid in os.getgrouplist(account.name, account.gid):
        wanted = stat.S_IRWXG
    else:
        wanted = stat.S_IRWXO
    if status.st_mode & wanted == wanted:
        return
    try:
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = f"uid {status.st_uid}"
    raise FolderOfAnother(folder, owner, stat.S_IMODE(status.st_mode), account.name)
