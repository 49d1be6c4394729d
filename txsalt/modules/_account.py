"""
As which user and groups a command runs.
"""

import grp
import os
import pwd
from typing import Any  # arguments of Popen

from txsalt.jobs.errors import CommandExecutionError
from txsalt.light import frozen


@frozen(kw_only=True)
class Account:
    """
    What a child becomes before it executes; None leaves it as it is.

    ``groups`` are the supplementary groups, set before the uid is dropped.
    """

    name: str | None
    uid: int | None
    gid: int | None
    groups: tuple[int, ...] | None

    def popen_arguments(self) -> dict[str, Any]:
        """Give the arguments of subprocess.Popen that make a child this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": self.groups}


def find_account(runas: str | None, group: str | None) -> Account | None:
    """
    Look up user and group; None if the command runs as who we are.

    Raises CommandExecutionError if either does not exist, or if only root could change to it.
    """
    if not runas and not group:
        return None
    user = _user(runas) if runas else None
    gid = _group(group) if group else (user.pw_gid if user else None)
    if user is not None and user.pw_uid == os.geteuid() and gid == os.getegid():
        return Account(name=user.pw_name, uid=None, gid=None, groups=None)
    if os.geteuid() != 0:
        raise CommandExecutionError(
            f"only root can run a command as {runas or group}; the minion is uid {os.geteuid()}"
        )
    groups = None
    if user is not None and gid is not None:
        groups = tuple(os.getgrouplist(user.pw_name, gid))
    return Account(
        name=user.pw_name if user else None,
        uid=user.pw_uid if user else None,
        gid=gid,
        groups=groups,
    )


def _user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(str(name))
    except KeyError:
        raise CommandExecutionError(f"User '{name}' is not available") from None


def _group(name: str) -> int:
    try:
        return grp.getgrnam(str(name)).gr_gid
    except KeyError:
        raise CommandExecutionError(f"Group '{name}' is not available") from None
