"""
Names and numbers of users and groups.

What has no name keeps its number, and a name that nobody has is the empty text, as callers of Salt
expect.
"""

import grp
import os
import pwd
from typing import Any  # users pass names or numbers


def uid_to_user(uid: Any) -> Any:
    """
    Return the name of a user by number; the number itself if it has no name.

    CLI Example: txsalt-cli '*' file.uid_to_user 0
    """
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return uid


def user_to_uid(user: Any) -> Any:
    """
    Return the number of a user, by default that of the job; "" if there is no such user.

    CLI Example: txsalt-cli '*' file.user_to_uid root
    """
    if user is None:
        return os.geteuid()
    if isinstance(user, int):
        return user
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return ""


def gid_to_group(gid: Any) -> Any:
    """
    Return the name of a group by number (or name); the number itself if it has no name.

    CLI Example: txsalt-cli '*' file.gid_to_group 0
    """
    try:
        number: Any = int(gid)
    except ValueError:
        number = group_to_gid(gid)
    if number == "":
        return ""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return number


def group_to_gid(group: Any) -> Any:
    """
    Return the number of a group; "" if there is no such group.

    CLI Example: txsalt-cli '*' file.group_to_gid root
    """
    if group is None:
        return ""
    if isinstance(group, int):
        return group
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return ""
