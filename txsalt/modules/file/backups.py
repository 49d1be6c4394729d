"""
The copies that were kept of a file before it changed: list, restore, delete.

Source: Salt 3008.3, modules/file.py list_backups.
"""

import os
import re
from typing import Any  # users pass numbers as text

from txsalt.modules._atomic import copy_whole, keep_beside
from txsalt.modules.file._backup import copies, keep_copy
from txsalt.modules.file._paths import expand


def list_backups(path: str, limit: Any = None) -> dict[int, dict[str, Any]]:
    """
    Return the copies of a file by number, 0 the newest: Backup Time, Size, Location.

    CLI Example: txsalt-cli '*' file.list_backups /foo/bar/baz.txt
    """
    path = expand(path)
    found = copies(path, __opts__["cachedir"]).get(os.path.basename(path), [])
    return dict(enumerate(found[: _limit(limit)]))


def list_backups_dir(path: str, limit: Any = None) -> dict[str, dict[int, dict[str, Any]]]:
    """
    Return the copies of all files of a folder, by name; the path ends in a slash.

    CLI Example: txsalt-cli '*' file.list_backups_dir /foo/bar/baz/
    """
    found = copies(expand(path), __opts__["cachedir"])
    return {name: dict(enumerate(each[: _limit(limit)])) for name, each in found.items()}


def restore_backup(path: str, backup_id: Any) -> dict[str, Any]:
    """
    Put a copy, by its number in list_backups, back; what the file holds now is kept as a copy.

    CLI Example: txsalt-cli '*' file.restore_backup /foo/bar/baz.txt 0
    """
    path = expand(path)
    answer, location = _chosen(path, backup_id)
    if location is None:
        return answer
    try:
        if os.path.exists(path):
            keep_copy(path, __opts__["cachedir"])
            copy_whole(location, path)
        else:
            keep_beside(location, path)  # with owner and mode, which nothing else knows any more
    except OSError as exc:
        return {"result": False, "comment": f"Unable to restore {location} to {path}: {exc}"}
    return {"result": True, "comment": f"Successfully restored {location} to {path}"}


def delete_backup(path: str, backup_id: Any) -> dict[str, Any]:
    """
    Delete a copy, by its number in list_backups.

    CLI Example: txsalt-cli '*' file.delete_backup /var/cache/foo.txt 0
    """
    answer, location = _chosen(expand(path), backup_id)
    if location is None:
        return answer
    try:
        os.remove(location)
    except OSError as exc:
        return {"result": False, "comment": f"Unable to remove {location}: {exc}"}
    return {"result": True, "comment": f"Successfully removed {location}"}


def list_backup(path: str, limit: Any = None) -> dict[int, dict[str, Any]]:
    """Another name of file.list_backups."""
    return list_backups(path, limit)


def remove_backup(path: str, backup_id: Any) -> dict[str, Any]:
    """Another name of file.delete_backup."""
    return delete_backup(path, backup_id)


def _chosen(path: str, backup_id: Any) -> tuple[dict[str, Any], str | None]:
    """Give the answer if there is no such copy, and where the copy is."""
    if not re.fullmatch(r"0|-?[1-9][0-9]*", str(backup_id)):
        return {"result": False, "comment": f"Invalid backup_id '{backup_id}'"}, None
    found = list_backups(path)
    if int(backup_id) not in found:
        comment = f"backup_id '{backup_id}' does not exist for {path}"
        return {"result": False, "comment": comment}, None
    return {}, found[int(backup_id)]["Location"]


def _limit(given: Any) -> int | None:
    try:
        return int(given)
    except (TypeError, ValueError):
        return None
