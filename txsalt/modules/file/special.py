"""
Devices and pipes, and who has files open.

Source: Salt 3008.3, modules/file.py.
"""

import os
import stat
from typing import Any  # modes are numbers or texts

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules.file._paths import expand
from txsalt.modules.file.permissions import check_perms

_KINDS = {"c": "Character device", "b": "Block device", "p": "Fifo pipe"}


def is_chrdev(name: str) -> bool:
    """Tell whether a path is a character device."""
    return stat.S_ISCHR(_mode(name))


def is_blkdev(name: str) -> bool:
    """Tell whether a path is a block device."""
    return stat.S_ISBLK(_mode(name))


def is_fifo(name: str) -> bool:
    """Tell whether a path is a named pipe."""
    return stat.S_ISFIFO(_mode(name))


def get_devmm(name: str) -> tuple[int, int]:
    """
    Return major and minor number of a device; (0, 0) if it is none.

    CLI Example: txsalt-cli '*' file.get_devmm /dev/null
    """
    if not is_chrdev(name) and not is_blkdev(name):
        return 0, 0
    number = os.stat(expand(name)).st_rdev
    return os.major(number), os.minor(number)


def mknod(name: str, ntype: str, major: Any = 0, minor: Any = 0, user: Any = None,
          group: Any = None, mode: Any = "0600") -> dict[str, Any]:  # fmt: skip
    """
    Make a device or a pipe: ``ntype`` is c, b or p.

    CLI Example: txsalt-cli '*' file.mknod /dev/chr c 180 31
    """
    if ntype not in _KINDS:
        raise SaltInvocationError(
            f"Node type unavailable: '{ntype}'. Available node types are "
            "character ('c'), block ('b'), and pipe ('p')."
        )
    numbers = None if ntype == "p" else (int(major), int(minor))
    return _made(expand(name), ntype, numbers, user, group, mode)


def mknod_chrdev(name: str, major: Any, minor: Any, user: Any = None, group: Any = None,
                 mode: Any = "0660") -> dict[str, Any]:  # fmt: skip
    """Make a character device."""
    return _made(expand(name), "c", (int(major), int(minor)), user, group, mode)


def mknod_blkdev(name: str, major: Any, minor: Any, user: Any = None, group: Any = None,
                 mode: Any = "0660") -> dict[str, Any]:  # fmt: skip
    """Make a block device."""
    return _made(expand(name), "b", (int(major), int(minor)), user, group, mode)


def mknod_fifo(name: str, user: Any = None, group: Any = None,
               mode: Any = "0660") -> dict[str, Any]:  # fmt: skip
    """Make a named pipe."""
    return _made(expand(name), "p", None, user, group, mode)


def open_files(by_pid: bool = False) -> dict[Any, Any]:
    """
    Return the files that processes have open: {path: [pid, …]}, or by process.

    CLI Example: txsalt-cli '*' file.open_files by_pid=True
    """
    pids: dict[int, list[str]] = {}
    for name in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
        try:
            numbers = os.listdir(f"/proc/{name}/fd")
        except OSError:
            continue
        links = [f"/proc/{name}/exe", *(f"/proc/{name}/fd/{each}" for each in numbers)]
        found = {path for link in links if (path := _target(link))}
        if found:
            pids[int(name)] = sorted(found)
    if by_pid:
        return pids
    files: dict[str, list[int]] = {}
    for pid, paths in pids.items():
        for path in paths:
            files.setdefault(path, []).append(pid)
    return files


def _target(link: str) -> str:
    try:
        path = os.readlink(link)
    except OSError:
        return ""
    return path if os.path.isfile(path) else ""


def _mode(name: str) -> int:
    try:
        return os.stat(expand(name)).st_mode
    except FileNotFoundError:
        return 0
    except OSError as exc:
        raise CommandExecutionError(f"{name}: {exc.strerror}") from exc


def _made(name: str, kind: str, numbers: tuple[int, int] | None, user: Any, group: Any,
          mode: Any) -> dict[str, Any]:  # fmt: skip
    ret: dict[str, Any] = {"name": name, "changes": {}, "comment": "", "result": False}
    told = {"new": f"{_KINDS[kind]} {name} created."}
    if __opts__.get("test"):
        return {**ret, "changes": told, "result": None}
    bits = int(str(mode).lstrip("0Oo") or "0", 8)
    try:
        if numbers is None:
            os.mkfifo(name, bits)
        else:
            form = stat.S_IFCHR if kind == "c" else stat.S_IFBLK
            os.mknod(name, bits | form, os.makedev(*numbers))
        ret |= {"changes": told, "result": True}
    except FileExistsError:
        ret["comment"] = f"File {name} exists and cannot be overwritten"
    except OSError as exc:
        raise CommandExecutionError(f"{name}: {exc.strerror}") from exc
    # What was made has the mode less the umask.
    check_perms(name, None, user, group, str(mode))
    return ret
