"""
Look at disks and file systems.

Sizes are text, as the tools write them.

Source: Salt 3008.3, modules/disk.py.
"""

import re
from collections.abc import Iterator

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._tool import need, operand, run_tool, which

_DF_FLAGS = frozenset("aBhHiklPtTxv")


def usage(args: str | None = None) -> dict[str, dict[str, str]]:
    """
    Return by mount point: filesystem, 1K-blocks, used, available, capacity.

    ``args`` are letters that df takes as options, such as ``h``.

    CLI Example: txsalt-cli '*' disk.usage
    """
    names = ("filesystem", "1K-blocks", "used", "available", "capacity")
    return _df(["-P"], _flags(args, "disk.usage"), names)


def inodeusage(args: str | None = None) -> dict[str, dict[str, str]]:
    """
    Return by mount point: filesystem, inodes, used, free, use (percent).

    CLI Example: txsalt-cli '*' disk.inodeusage
    """
    names = ("filesystem", "inodes", "used", "free", "use")
    return _df(["-iP"], _flags(args, "disk.inodeusage"), names)


def percent(args: str | None = None) -> dict[str, str] | str:
    """
    Return how full file systems are, by mount point, or the one mounted at ``args``.

    An unknown mount point gives {}.

    CLI Example: txsalt-cli '*' disk.percent /var
    """
    found = {place: each["capacity"] for place, each in usage().items()}
    return found.get(args, {}) if args else found


def blkid(device: str | None = None, token: str | None = None) -> dict[str, dict[str, str]]:
    """
    Return what is known of block devices: {device: {"UUID", "TYPE", …}}.

    ``token`` looks for devices by an attribute, such as ``UUID=6a38ee5-7235-44e7-8b22``.

    CLI Example: txsalt-cli '*' disk.blkid /dev/sda
    """
    need("blkid")
    words = [operand(device)] if device else ["-t", token] if token else []
    done = run_tool(__salt__, ["blkid", *words])
    if done.retcode:
        return {}
    found = {}
    for line in done.stdout.splitlines():
        name, _, rest = line.partition(": ")
        found[name] = dict(re.findall(r'(\S+?)="([^"]*)"', rest))
    return found


def fstype(device: str) -> str:
    """
    Return the type of the file system on a device, "" if unknown.

    CLI Example: txsalt-cli '*' disk.fstype /dev/sdX1
    """
    if which("lsblk"):
        argv = ["lsblk", "-n", "-o", "fstype", operand(device)]
        lines = run_tool(__salt__, argv, ignore_retcode=True).stdout.splitlines()
        if lines and lines[0].strip():
            return lines[0].strip()
    done = run_tool(__salt__, ["df", "--output=fstype", device])
    lines = done.stdout.splitlines()
    return lines[1].strip() if done.retcode == 0 and len(lines) > 1 else ""


def get_fstype_from_path(path: str) -> str:
    """
    Return the type of the file system that a path is on.

    CLI Example: txsalt-cli '*' disk.get_fstype_from_path /root
    """
    return fstype(__salt__["mount.get_device_from_path"](path))


def dump(device: str, args: list[str] | None = None) -> dict[str, str] | bool:
    """
    Return the figures of a block device, or those that ``args`` names; False if it has none.

    CLI Example: txsalt-cli '*' disk.dump /dev/sda1
    """
    names = ["getro", "getsz", "getss", "getpbsz", "getiomin", "getioopt", "getalignoff"]
    names += ["getmaxsect", "getsize", "getsize64", "getra", "getfra"]
    done = run_tool(__salt__, ["blockdev", *(f"--{name}" for name in names), operand(device)])
    if done.retcode:
        return False
    found = dict(zip(names, done.stdout.split(), strict=False))
    return {name: found[name] for name in args} if args else found


def wipe(device: str) -> bool:
    """
    Remove the signatures of file systems from a device: what is on it is lost.

    CLI Example: txsalt-cli '*' disk.wipe /dev/sda1
    """
    return run_tool(__salt__, ["wipefs", "-a", operand(device)]).retcode == 0


def resize2fs(device: str) -> bool | None:
    """
    Grow an ext file system to the size of its device; None if that fails.

    CLI Example: txsalt-cli '*' disk.resize2fs /dev/sda1
    """
    return (
        True
        if run_tool(__salt__, ["resize2fs", operand(device)], timeout=3600).retcode == 0
        else None
    )


def format_(
    device: str,
    fs_type: str = "ext4",
    inode_size: object = None,
    lazy_itable_init: object = None,
    fat: int | None = None,
    force: bool = False,
) -> bool:
    """
    Make a file system on a device: what is on it is lost.

    CLI Example: txsalt-cli '*' disk.format /dev/sdX1
    """
    need("mkfs")
    is_ext, is_xfs = fs_type.startswith("ext"), fs_type == "xfs"
    argv: list[object] = ["mkfs", "-t", fs_type]
    if inode_size is not None:
        argv += ["-i", inode_size] if is_ext else ["-i", f"size={inode_size}"] if is_xfs else []
    if lazy_itable_init is not None and is_ext:
        argv += ["-E", f"lazy_itable_init={lazy_itable_init}"]
    if fat in (12, 16, 32) and fs_type.endswith("fat"):
        argv += ["-F", fat]
    if force:
        argv += ["-F"] if is_ext else ["-f"] if is_xfs else []
    made = run_tool(__salt__, [*argv, operand(device)], timeout=3600, ignore_retcode=True)
    synced = run_tool(__salt__, ["sync"], timeout=600, ignore_retcode=True)
    return made.retcode == 0 and synced.retcode == 0


__func_alias__ = {"format_": "format"}


def _df(options: list[str], flags: str, names: tuple[str, ...]) -> dict[str, dict[str, str]]:
    argv = ["df", *options, *([f"-{flags}"] if flags else [])]
    # df fails if one of many file systems cannot be asked, and still tells of the others.
    done = run_tool(__salt__, argv)
    if done.retcode and not done.stdout:
        raise CommandExecutionError(f"df failed: {done.complaint}")
    return {place: dict(zip(names, values, strict=True)) for place, values in _rows(done.stdout)}


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Read the lines of df; blanks may stand in the first column and in the last."""
    for line in text.splitlines()[1:]:
        match = re.match(r"(.+?)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\d+%|-)\s+(.+)", line)
        if match:
            *values, place = match.groups()
            yield place, values


def _flags(args: str | None, caller: str) -> str:
    given = args or ""
    if not set(given) <= _DF_FLAGS:
        raise CommandExecutionError(f"Invalid flag passed to {caller}")
    return "".join(given)
