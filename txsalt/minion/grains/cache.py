"""
Keep collected grains on disk between starts, if ``grains_cache`` is on.

Kept are those that take time to collect; what people wrote down is read each time.
``saltutil.refresh_grains`` and ``sync_grains`` remove the file.
"""

import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # grains hold values of any type

from txsalt.jobs.plain import plain

log = logging.getLogger(__name__)

NAME = "grains.cache.json"


def cached(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the kept grains; None if they are off, not there, too old, or not readable."""
    if not config.get("grains_cache"):
        return None
    path = _path(config)
    try:
        age = time.time() - path.stat().st_mtime
        if not 0 <= age <= config.get("grains_cache_expiration", 300):
            return None
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def keep(config: Mapping[str, Any], grains: Mapping[str, Any]) -> None:
    """Keep grains, readable for the minion's user only; a disk that is full is only logged."""
    if not config.get("grains_cache"):
        return
    path = _path(config)
    beside = path.with_name(f"{NAME}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(plain(dict(grains)), default=repr))
        beside.replace(path)
    except OSError as exc:
        log.warning("grains: cannot be kept in %s: %s", path, exc)


def _path(config: Mapping[str, Any]) -> Path:
    return Path(str(config.get("cachedir") or "/var/cache/txsalt/minion"), NAME)
