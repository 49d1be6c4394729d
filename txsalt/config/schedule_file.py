"""
The file in which a minion keeps its schedule: ``_schedule.conf`` among the included files.

A map with the one key ``schedule``, read like any other file of the configuration at a start.

Source: Salt 3008.3, modules/schedule.py, where the file is.
"""

import contextlib
import os
from typing import Any  # jobs are free maps

from txsalt.errors import LocalError

_NAME = "_schedule.conf"


def path_of(config_dir: str, default_include: str) -> str:
    """Return where the file is: in the folder of ``default_include``."""
    return os.path.join(config_dir, os.path.dirname(default_include), _NAME)


def read_schedule(path: str) -> dict[str, Any] | None:
    """Return the jobs in the file, None without one. Raises OSError and LocalError."""
    from txsalt.renderers import yaml

    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file.read(), path)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as exc:
        raise LocalError(f"{path} is not UTF-8: {exc.reason}") from exc
    schedule = content.get("schedule") if isinstance(content, dict) else content
    if schedule is None:
        return {}
    if not isinstance(schedule, dict):
        raise LocalError(f"{path}: schedule is no map of jobs")
    return schedule


def write_schedule(path: str, schedule: dict[str, Any]) -> None:
    """Replace the file, whole or not at all. Raises OSError and LocalError."""
    from txsalt.renderers import yaml

    text = yaml.dump({"schedule": schedule})
    os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
    # Not *.conf: a start between the two steps must not read it.
    beside = f"{path}.new"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
