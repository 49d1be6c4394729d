"""
Copies of files that are kept before they are changed.

The copy of /etc/motd is {cachedir}/file_backup/etc/motd_Mon_Jan_05_12:30:59_123456_2026.

Source: Salt 3008.3, utils/files.py backup_minion.
"""

import os
import re
from datetime import datetime
from typing import Any  # what is told of a copy

from txsalt.modules._atomic import keep_beside

_STAMP = "%a_%b_%d_%H:%M:%S_%f_%Y"
_NAME = re.compile(r"(.+)_([A-Z][a-z]{2}_[A-Z][a-z]{2}_\d\d_\d\d:\d\d:\d\d_\d{6}_\d{4})", re.DOTALL)


def keep_copy(path: str, cachedir: str) -> str:
    """Copy a file, with owner, mode and times, into the folder of copies. Raises OSError."""
    folder, name = _place(path, cachedir)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    copy = os.path.join(folder, f"{name}_{datetime.now().strftime(_STAMP)}")
    keep_beside(path, copy)
    return copy


def copies(path: str, cachedir: str) -> dict[str, list[dict[str, Any]]]:
    """Give the copies in the folder that belongs to a path's folder: newest first, by name."""
    folder, _ = _place(path, cachedir)
    found: dict[str, list[tuple[datetime, dict[str, Any]]]] = {}
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return {}
    for entry in entries:
        location = os.path.join(folder, entry)
        match = _NAME.fullmatch(entry)
        if match is None or not os.path.isfile(location):
            continue
        try:
            moment = datetime.strptime(match.group(2), _STAMP)
        except ValueError:
            continue
        told = {
            "Backup Time": moment.strftime("%a %b %d %Y %H:%M:%S.%f"),
            "Size": os.stat(location).st_size,
            "Location": location,
        }
        found.setdefault(match.group(1), []).append((moment, told))
    return {
        name: [told for _, told in sorted(each, key=lambda pair: pair[0], reverse=True)]
        for name, each in found.items()
    }


def _place(path: str, cachedir: str) -> tuple[str, str]:
    folder, name = os.path.split(path)
    return os.path.join(cachedir, "file_backup", folder.lstrip("/")), name
