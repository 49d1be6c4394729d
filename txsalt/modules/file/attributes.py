"""
Owner, group, mode and times of files.

Source: Salt 3008.3, modules/file.py.
"""

import os
import stat
from typing import Any  # users pass names or numbers

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules.file._paths import absolute, expand, explained, mode_number, octal
from txsalt.modules.file.accounts import gid_to_group, group_to_gid, uid_to_user, user_to_uid
from txsalt.modules.file.hashing import get_hash

_TYPES = {
    stat.S_IFDIR: "dir",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFREG: "file",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
}
_LSTAT = "st_atime st_ctime st_gid st_mode st_mtime st_nlink st_size st_uid"
_STATVFS = "f_bavail f_bfree f_blocks f_bsize f_favail f_ffree f_files f_flag f_frsize f_namemax"
_ACCESS = {"f": os.F_OK, "r": os.R_OK, "w": os.W_OK, "x": os.X_OK}


def stats(path: str, hash_type: str | None = None, follow_symlinks: bool = True) -> dict[str, Any]:
    """
    Return what is known of a file: owner, group, mode, size, times, type, target.

    With ``hash_type`` also its ``sum``. A link that points nowhere is described itself. A path
    that does not exist is an error.

    CLI Example: txsalt-cli '*' file.stats /etc/passwd
    """
    path = expand(path)
    status = _status(path, follow_symlinks)
    found = {
        "inode": status.st_ino,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "group": gid_to_group(status.st_gid),
        "user": uid_to_user(status.st_uid),
        "atime": status.st_atime,
        "mtime": status.st_mtime,
        "ctime": status.st_ctime,
        "size": status.st_size,
        "mode": octal(oct(stat.S_IMODE(status.st_mode))),
    }
    if hash_type:
        found["sum"] = get_hash(path, hash_type)
    found["type"] = _TYPES.get(stat.S_IFMT(status.st_mode), "file")
    found["target"] = os.path.realpath(path) if follow_symlinks else os.path.abspath(path)
    return found


def lstat(path: str) -> dict[str, Any]:
    """
    Return the fields of lstat; an empty map if there is nothing at the path.

    CLI Example: txsalt-cli '*' file.lstat /path/to/file
    """
    try:
        status = os.lstat(absolute(path))
    except OSError:
        return {}
    return {name: getattr(status, name) for name in _LSTAT.split()}


def statvfs(path: str) -> dict[str, int]:
    """
    Return the numbers of the file system that a path is in.

    CLI Example: txsalt-cli '*' file.statvfs /path/to/file
    """
    path = absolute(path)
    with explained("cannot look at the file system of"):
        numbers = os.statvfs(path)
    return {name: getattr(numbers, name) for name in _STATVFS.split()}


def access(path: str, mode: Any) -> bool:
    """
    Tell whether the minion may use a path: f there at all, r read, w write, x execute.

    CLI Example: txsalt-cli '*' file.access /path/to/file f
    """
    path = absolute(path)
    if mode not in _ACCESS and mode not in _ACCESS.values():
        raise SaltInvocationError(f"{mode!r} is none of the modes {', '.join(_ACCESS)}")
    return os.access(path, _ACCESS.get(mode, mode))


def get_user(path: str, follow_symlinks: bool = True) -> Any:
    """
    Return the name of a file's owner.

    CLI Example: txsalt-cli '*' file.get_user /etc/passwd
    """
    return stats(path, follow_symlinks=follow_symlinks)["user"]


def get_uid(path: str, follow_symlinks: bool = True) -> int:
    """
    Return the number of a file's owner.

    CLI Example: txsalt-cli '*' file.get_uid /etc/passwd
    """
    return stats(path, follow_symlinks=follow_symlinks)["uid"]


def get_group(path: str, follow_symlinks: bool = True) -> Any:
    """
    Return the name of a file's group.

    CLI Example: txsalt-cli '*' file.get_group /etc/passwd
    """
    return stats(path, follow_symlinks=follow_symlinks)["group"]


def get_gid(path: str, follow_symlinks: bool = True) -> int:
    """
    Return the number of a file's group.

    CLI Example: txsalt-cli '*' file.get_gid /etc/passwd
    """
    return stats(path, follow_symlinks=follow_symlinks)["gid"]


def get_mode(path: str, follow_symlinks: bool = True) -> str:
    """
    Return the mode of a file as four octal digits.

    CLI Example: txsalt-cli '*' file.get_mode /etc/passwd
    """
    return stats(path, follow_symlinks=follow_symlinks)["mode"]


def set_mode(path: str, mode: Any) -> str:
    """
    Set the mode of a file, and return the mode it then has.

    CLI Example: txsalt-cli '*' file.set_mode /etc/passwd 0644
    """
    path = expand(path)
    if not os.path.exists(path):
        raise CommandExecutionError(f"{path}: there is no such file")
    try:
        os.chmod(path, mode_number(mode))
    except (OSError, ValueError, OverflowError):
        return f"Invalid Mode {str(mode).lstrip('0Oo') or '0'}"
    return get_mode(path)


def chown(path: str, user: Any, group: Any) -> str | None:
    """
    Give a file to a user and a group; what is the empty text is left as it is.

    Links are followed, unless they point nowhere. Returns None, or a text with what is missing.

    CLI Example: txsalt-cli '*' file.chown /etc/passwd root root
    """
    path = expand(path)
    uid, gid, problems = _new_owner(user, group)
    if not os.path.exists(path):
        if os.path.islink(path) and not problems:
            return lchown(path, user, group)
        return problems + "File not found"
    if problems:
        return problems
    with explained("cannot change the owner of"):
        os.chown(path, uid, gid)
    return None


def lchown(path: str, user: Any, group: Any) -> str | None:
    """
    Give a file to a user and a group; if it is a link, the link itself.

    CLI Example: txsalt-cli '*' file.lchown /path/to/link root root
    """
    uid, gid, problems = _new_owner(user, group)
    if problems:
        return problems
    with explained("cannot change the owner of"):
        os.lchown(expand(path), uid, gid)
    return None


def chgrp(path: str, group: Any) -> str | None:
    """
    Give a file to a group. Returns None, or a text with what is missing.

    CLI Example: txsalt-cli '*' file.chgrp /etc/passwd root
    """
    return chown(path, get_uid(path), group)


def _status(path: str, follow: bool) -> os.stat_result:
    try:
        return os.stat(path) if follow and os.path.exists(path) else os.lstat(path)
    except OSError as exc:
        raise CommandExecutionError(f"Path not found: {path}") from exc


def _new_owner(user: Any, group: Any) -> tuple[int, int, str]:
    """Give uid and gid (-1: leave it) and what is wrong with the names, a line each."""
    problems = ""
    uid, gid = user_to_uid(user), group_to_gid(group)
    if uid == "":
        uid, problems = -1, "User does not exist\n" if user else ""
    if gid == "":
        gid, problems = -1, problems + ("Group does not exist\n" if group else "")
    return uid, gid, problems
