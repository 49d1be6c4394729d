"""
Mount file systems.

Functions that mount return True, or what the tool complained of, which also fails the job.

Source: Salt 3008.3, modules/mount.py.
"""

import os
import re
from pathlib import Path
from typing import Any  # users pass options as text or list

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._tool import check_tool, need, operand, operands, run_tool, which


def active(extended: bool = False) -> dict[str, dict[str, Any]]:
    """
    Return what is mounted, by mount point: device, alt_device, fstype, opts.

    ``extended`` adds mountid, parentid, major, minor, root, superopts, device_uuid, device_label.

    CLI Example: txsalt-cli '*' mount.active
    """
    shown = _shown_devices()
    if extended and os.access("/proc/self/mountinfo", os.R_OK):
        return _extended(shown)
    found = {}
    for words in _table("/proc/self/mounts"):
        found[words[1]] = {
            "device": words[0],
            "alt_device": shown.get(words[1]),
            "fstype": words[2],
            "opts": _options(words[3]),
        }
    return found


def is_mounted(name: str) -> bool:
    """
    Tell whether something is mounted at a place.

    CLI Example: txsalt-cli '*' mount.is_mounted /mnt/share
    """
    return any(name in (words[1], _plain(words[1])) for words in _table("/proc/self/mounts"))


def mount(
    name: str,
    device: Any = False,
    mkmnt: bool = False,
    fstype: str = "",
    opts: Any = "defaults",
    user: str | None = None,
    util: str = "mount",
) -> bool | str:
    """
    Mount a device; without one, what fstab says of the mount point.

    ``mkmnt`` makes the mount point, owned by ``user``, as whom mount runs.

    CLI Example: txsalt-cli '*' mount.mount /mnt/foo /dev/sdz1 True
    """
    if util != "mount":
        return False  # disk images are not mounted by this module
    if mkmnt and not os.path.exists(name):
        __salt__["file.mkdir"](name, user=user)
    place = operand(name)
    given = [*_arguments(fstype, _listed(opts)), operand(device)] if device else []
    words = [*given, place]
    done = run_tool(__salt__, ["mount", *words], runas=user)
    return done.complaint if done.retcode else True


def remount(
    name: str,
    device: str,
    mkmnt: bool = False,
    fstype: str = "",
    opts: Any = "defaults",
    user: str | None = None,
) -> bool | str:
    """
    Mount again with other options; mount it if it is not.

    CLI Example: txsalt-cli '*' mount.remount /mnt/foo /dev/sdz1 True
    """
    options = _listed(opts)
    if not is_mounted(name):
        return mount(name, device, mkmnt, fstype, options, user=user)
    if "remount" not in options:
        options = [*options, "remount"]
    done = run_tool(
        __salt__, ["mount", *_arguments(fstype, options), *operands([device, name])], runas=user
    )
    return done.complaint if done.retcode else True


def umount(
    name: str,
    device: str | None = None,
    user: str | None = None,
    util: str = "mount",
    lazy: bool = False,
) -> bool | str:
    """
    Unmount a place; ``lazy`` lets those who use it finish.

    CLI Example: txsalt-cli '*' mount.umount /mnt/foo
    """
    if not is_mounted(name):
        return f"{name} does not have anything mounted"
    argv = ["umount", *(["-l"] if lazy else []), operand(device or name)]
    done = run_tool(__salt__, argv, runas=user)
    return done.complaint if done.retcode else True


def is_fuse_exec(cmd: str) -> bool:
    """
    Tell whether a program is linked with the library of FUSE.

    CLI Example: txsalt-cli '*' mount.is_fuse_exec sshfs
    """
    path = which(cmd)
    if path is None:
        return False
    need("ldd")
    return "libfuse" in run_tool(__salt__, ["ldd", path]).stdout


def swaps() -> dict[str, dict[str, str]]:
    """
    Return what is swapped to: {path: {"type", "size", "used", "priority"}}, sizes in KiB.

    CLI Example: txsalt-cli '*' mount.swaps
    """
    rows = (words for words in _table("/proc/swaps") if words[0] != "Filename")
    names = ("type", "size", "used", "priority")
    return {words[0]: dict(zip(names, words[1:5], strict=True)) for words in rows}


def swapon(name: str, priority: Any = None) -> dict[str, Any]:
    """
    Swap to a file or device; return {"stats", "new"}, or {} if that failed.

    CLI Example: txsalt-cli '*' mount.swapon /root/swapfile
    """
    before = swaps()
    if name in before:
        return {"stats": before[name], "new": False}
    run_tool(__salt__, ["swapon", *(["-p", priority] if priority else []), operand(name)])
    after = swaps()
    return {"stats": after[name], "new": True} if name in after else {}


def swapoff(name: str) -> bool | None:
    """
    Stop swapping to a file or device; None if it was not swapped to.

    CLI Example: txsalt-cli '*' mount.swapoff /root/swapfile
    """
    if name not in swaps():
        return None
    run_tool(__salt__, ["swapoff", operand(name)], timeout=600)
    return name not in swaps()


def get_mount_from_path(path: str) -> str:
    """
    Return the mount point that a path is below.

    CLI Example: txsalt-cli '*' mount.get_mount_from_path /opt/some/nested/path
    """
    place = os.path.realpath(path)
    while place != "/" and not os.path.ismount(place):
        place = os.path.dirname(place)
    return place


def get_device_from_path(path: str) -> str | None:
    """
    Return the device that a path is on.

    CLI Example: txsalt-cli '*' mount.get_device_from_path /
    """
    return active().get(get_mount_from_path(path), {}).get("device")


def _extended(shown: dict[str, str]) -> dict[str, dict[str, Any]]:
    ids = __salt__["disk.blkid"]() if which("blkid") else {}
    found = {}
    for words in _table("/proc/self/mountinfo"):
        dash = words.index("-")
        major, _, minor = words[2].partition(":")
        fstype, device, superopts = words[dash + 1 : dash + 4]
        uuid = ids.get(device, {}).get("UUID")
        found[words[4]] = {
            "mountid": words[0],
            "parentid": words[1],
            "major": major,
            "minor": minor,
            "root": words[3],
            "opts": _options(words[5]),
            "fstype": fstype,
            "device": device.replace("\\040", "\\ "),
            "alt_device": shown.get(words[4]),
            "superopts": _options(superopts),
            "device_uuid": uuid and uuid.lower(),
            "device_label": ids.get(device, {}).get("LABEL"),
        }
    return found


def _shown_devices() -> dict[str, str]:
    """Give mount point → device as mount(8) lists it: it knows the names behind aliases."""
    rows = (line.split() for line in check_tool(__salt__, ["mount", "-l"]).splitlines())
    return {words[2]: words[0] for words in rows if len(words) > 2}


def _options(text: str) -> list[str]:
    """Split options; owners that are given by name become numbers."""
    return [_numbered(each).replace("\\040", "\\ ") for each in text.split(",")]


def _numbered(option: str) -> str:
    key, _, value = option.partition("=")
    if key not in ("uid", "gid") or re.fullmatch("[0-9]+", value):
        return option
    function = "user.info" if key == "uid" else "group.info"
    return f"{key}={__salt__[function](value).get(key, value)}"


def _table(path: str) -> list[list[str]]:
    try:
        text = Path(path).read_text(errors="surrogateescape")
    except OSError as exc:
        raise CommandExecutionError(f"File not readable {path}") from exc
    return [line.split() for line in text.splitlines() if line.strip()]


def _plain(path: str) -> str:
    """Give a path of /proc/self/mounts as users write it."""
    return re.sub(r"\\(040|011|012|134)", lambda found: chr(int(found[1], 8)), path)


def _listed(opts: Any) -> list[str]:
    return opts.split(",") if isinstance(opts, str) else list(opts or [])


def _arguments(fstype: str, opts: list[str]) -> list[str]:
    return (["-o", ",".join(opts)] if opts else []) + (["-t", fstype] if fstype else [])
