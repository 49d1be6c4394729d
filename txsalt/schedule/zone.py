"""
The zone of this machine, with the rules by which its clocks change.
"""

import os
from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_LOCAL = "/etc/localtime"


def local_zone(environ: Mapping[str, str] | None = None, path: str = _LOCAL) -> tzinfo:
    """
    Return the zone that ``TZ`` names, else that of ``/etc/localtime``, else UTC.

    A file that was changed is read anew.
    """
    named = (os.environ if environ is None else environ).get("TZ", "").removeprefix(":")
    if named.startswith("/"):
        path = named
    elif named:
        zone = _named(named)
        if zone is not None:
            return zone
    try:
        status = os.stat(path)
    except OSError:
        return UTC
    return _of_file(path, status.st_mtime_ns, status.st_ino)


def _named(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


@lru_cache(maxsize=2)
def _of_file(path: str, changed: int, number: int) -> tzinfo:
    try:
        with open(path, "rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC
