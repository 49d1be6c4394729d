"""
Keep files that minions push to the master (``cp.push``).

Each minion has a folder of its own; a path comes as a list of parts, and none may lead out of it.

Source: PROTOCOL section 9.4, ``_file_recv``.
"""

import logging
import os
from typing import Any  # the list of parts is what a peer sent

from txsalt.errors import BadName
from txsalt.wire import names

log = logging.getLogger(__name__)

MAX_PARTS = 64
_MEGABYTE = 1024 * 1024


def store_part(folder: str, parts: Any, offset: int, data: bytes, max_megabytes: int) -> bool:
    """
    Write one part of a file below ``folder``; offset 0 begins it anew.

    Returns False for what is refused (too large, a gap before ``offset``, or a place that is
    taken by a folder) and if the disk is full. Raises BadName for parts that are not plain names.
    """
    checked = _checked(parts)
    if offset < 0 or offset + len(data) > max_megabytes * _MEGABYTE:
        return False
    path = os.path.join(folder, *checked)
    if len(os.fsencode(path)) > names.MAX_PATH_CHARACTERS:
        return False
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(path, flags | (0 if offset else os.O_TRUNC), 0o600)
    except OSError:
        return False
    try:
        with os.fdopen(descriptor, "wb") as file:
            if os.fstat(descriptor).st_size < offset:
                return False
            file.seek(offset)
            file.write(data)
    except OSError as exc:
        # The minion is told that it failed; what is on the disk is a part of a file.
        log.error("a file of a minion could not be kept in %s: %s", folder, exc.strerror or exc)
        return False
    return True


def _checked(parts: Any) -> list[str]:
    if not isinstance(parts, list) or not 0 < len(parts) <= MAX_PARTS:
        raise BadName("path", f"not a list of 1 to {MAX_PARTS} parts")
    return [names.minion_id(part) for part in parts]
