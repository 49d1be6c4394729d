"""
Look up users and groups, of this machine or of a file tree that is to become another one.

A ``root`` of None asks the machine (files, directory services, whatever nsswitch names); any other
reads etc/passwd and etc/group below it.

Source: Salt 3008.3, modules/useradd.py, modules/groupadd.py, utils/user.py.
"""

import grp
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any  # entries hold text, numbers and lists

from txsalt.jobs.errors import CommandExecutionError

GECOS = ("fullname", "roomnumber", "workphone", "homephone", "other")


def users(root: str | None = None) -> list[pwd.struct_passwd]:
    """Give all users."""
    if root is None:
        return pwd.getpwall()
    lines = (words for words in _lines(root, "passwd") if len(words) == 7)
    # Lines such as "+::::::" ask a directory service, which a file tree has not.
    numbered = (words for words in lines if words[2].isdigit() and words[3].isdigit())
    return [pwd.struct_passwd((*w[:2], int(w[2]), int(w[3]), *w[4:])) for w in numbered]


def find_user(name: str, root: str | None = None) -> pwd.struct_passwd | None:
    """Give one user, None if there is none."""
    if root is not None:
        return next((each for each in users(root) if each.pw_name == name), None)
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def groups(root: str | None = None) -> list[grp.struct_group]:
    """Give all groups."""
    if root is None:
        return grp.getgrall()
    lines = (words for words in _lines(root, "group") if len(words) == 4 and words[2].isdigit())
    return [grp.struct_group((w[0], w[1], int(w[2]), _names(w[3]))) for w in lines]


def find_group(name: str, root: str | None = None) -> grp.struct_group | None:
    """Give one group, None if there is none."""
    if root is not None:
        return next((each for each in groups(root) if each.gr_name == name), None)
    try:
        return grp.getgrnam(name)
    except KeyError:
        return None


def group_names(name: str, root: str | None = None) -> list[str]:
    """Give the names of the groups that a user is in, sorted."""
    if root is not None:
        own = find_user(name, root)
        first = None if own is None else own.pw_gid
        listed = groups(root)
        return sorted(
            {each.gr_name for each in listed if name in each.gr_mem or each.gr_gid == first}
        )
    user = find_user(name)
    if user is None:
        return sorted({each.gr_name for each in groups() if name in each.gr_mem})
    return sorted({_group_name(gid) for gid in os.getgrouplist(name, user.pw_gid)})


def user_info(entry: pwd.struct_passwd, root: str | None = None) -> dict[str, Any]:
    """Give a user as functions return it."""
    return {
        "gid": entry.pw_gid,
        "groups": group_names(entry.pw_name, root),
        "home": entry.pw_dir,
        "name": entry.pw_name,
        "passwd": entry.pw_passwd,
        "shell": entry.pw_shell,
        "uid": entry.pw_uid,
        **gecos(entry),
    }


def group_info(entry: grp.struct_group) -> dict[str, Any]:
    """Give a group as functions return it."""
    return {
        "name": entry.gr_name,
        "passwd": entry.gr_passwd,
        "gid": entry.gr_gid,
        "members": list(entry.gr_mem),
    }


def gecos(entry: pwd.struct_passwd) -> dict[str, str]:
    """Split the comment field of a user into its five parts."""
    parts = entry.pw_gecos.split(",", 4)
    return dict(zip(GECOS, parts + [""] * (5 - len(parts)), strict=True))


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _lines(root: str, name: str) -> Iterator[list[str]]:
    path = Path(root, "etc", name)
    try:
        text = path.read_text(errors="surrogateescape")
    except OSError as exc:
        raise CommandExecutionError(f"{path} cannot be read: {exc.strerror}") from exc
    return (line.strip().split(":") for line in text.splitlines())


def _names(text: str) -> list[str]:
    return text.split(",") if text else []
