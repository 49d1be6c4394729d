"""
Keep fstab, and the cache in which states remember with which options they mounted.

Source: Salt 3008.3, modules/mount.py, utils/mount.py.
"""

import os
from pathlib import Path
from typing import Any  # users pass options as text or list

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import write_whole
from txsalt.modules._fstab import change, checked, escaped, read_line, same
from txsalt.modules._text_file import lines_of, read_text, write_text
from txsalt.renderers.yaml import dump, load

__virtualname__ = "mount"


def fstab(config: str = "/etc/fstab") -> dict[str, dict[str, Any]]:
    """
    Return the entries of fstab by mount point: device, fstype, opts (a list), dump, pass.

    Further entries of one mount point get an underscore each.

    CLI Example: txsalt-cli '*' mount.fstab
    """
    found: dict[str, dict[str, Any]] = {}
    if not os.path.isfile(config):
        return found
    for entry in filter(None, map(read_line, _read(config))):
        name = entry["name"]
        while name in found:
            name += "_"
        found[name] = {
            "device": entry["device"],
            "fstype": entry["fstype"],
            "opts": entry["opts"].split(","),
            "dump": entry["dump"],
            "pass": entry["pass_num"],
        }
    return found


def set_fstab(
    name: str,
    device: str,
    fstype: str,
    opts: Any = "defaults",
    dump: Any = 0,
    pass_num: Any = 0,
    config: str = "/etc/fstab",
    test: bool = False,
    match_on: Any = "auto",
    not_change: bool = False,
    **kwargs: Any,
) -> str:
    """
    Make fstab have an entry; return "present", "change" or "new".

    ``match_on`` names the fields by which the old line is found; ``not_change`` leaves a line that
    is found as it is; ``test`` writes nothing.

    CLI Example: txsalt-cli '*' mount.set_fstab /mnt/foo /dev/sdz1 ext4
    """
    options = opts if isinstance(opts, str) else ",".join(opts)
    entry = {
        "device": escaped(device),
        "name": escaped(name),
        "fstype": fstype,
        "opts": options.replace("\\ ", "\\040"),
        "dump": str(dump),
        "pass_num": str(pass_num),
    }
    if not os.path.isfile(config):
        raise CommandExecutionError(f'Bad config file "{config}"')
    result, lines = change(_read(config), checked(entry), match_on, not_change)
    if result != "present" and not (test or __opts__.get("test")):
        write_text(config, "".join(lines))
    return result


def rm_fstab(name: str | None, device: str | None, config: str = "/etc/fstab") -> bool:
    """
    Remove the entries of a mount point and device from fstab; None stands for any.

    CLI Example: txsalt-cli '*' mount.rm_fstab /mnt/foo /dev/sdg
    """
    given = {"name": name, "device": device}
    wanted = {key: escaped(value) for key, value in given.items() if value is not None}
    lines = _read(config)
    kept = [line for line in lines if (entry := read_line(line)) is None or not same(entry, wanted)]
    if kept != lines:
        write_text(config, "".join(kept))
    return True


def read_mount_cache(name: str) -> dict[str, Any]:
    """
    Return what write_mount_cache remembered of a mount point, {} if nothing.

    CLI Example: txsalt-cli '*' mount.read_mount_cache /mnt/share
    """
    return _read_cache().get(name, {})


def write_mount_cache(
    real_name: str, device: str, mkmnt: bool, fstype: str, mount_opts: Any
) -> bool:
    """
    Remember with which options something is mounted.

    CLI Example: txsalt-cli '*' mount.write_mount_cache /mnt/share /dev/sda1 False ext4 defaults
    """
    mounts = _read_cache()
    mounts[real_name] = {"device": device, "fstype": fstype, "mkmnt": mkmnt, "opts": mount_opts}
    return _write_cache(mounts)


def delete_mount_cache(real_name: str) -> bool:
    """
    Forget what write_mount_cache remembered.

    CLI Example: txsalt-cli '*' mount.delete_mount_cache /mnt/share
    """
    mounts = _read_cache()
    return _write_cache(mounts) if mounts.pop(real_name, None) is not None else True


def _cache_path() -> Path:
    return Path(__opts__["cachedir"], "mounts")


def _read_cache() -> dict[str, Any]:
    try:
        return (load(_cache_path().read_text(), str(_cache_path())) or {}).get("mounts") or {}
    except FileNotFoundError:
        return {}


def _write_cache(mounts: dict[str, Any]) -> bool:
    path = _cache_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(str(path), dump({"mounts": mounts}).encode())
    except OSError as exc:
        raise CommandExecutionError(f"Unable to write mount cache: {path}: {exc}") from exc
    return True


def _read(config: str) -> list[str]:
    return lines_of(read_text(config))
