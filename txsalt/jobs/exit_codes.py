"""
Exit codes of the command line, and how a job's returns become one.

The numbers are those of sysexits, and the few that Salt adds.  Source: PROTOCOL.md 12.3, 14.
"""

from collections.abc import Mapping
from typing import Any

from txsalt.errors import (
    BusForbidden,
    CannotCreate,
    ConfigError,
    KeyFileError,
    LocalError,
    MasterUnreachable,
    RemoteError,
)

OK = 0
GENERIC = 1
STATE_FAILURE = 2
PILLAR_FAILURE = 5
AGGREGATE = 20
USAGE = 64
NO_USER = 67
UNAVAILABLE = 69
SOFTWARE = 70
CANNOT_CREATE = 73
TEMPORARY_FAILURE = 75
NO_PERMISSION = 77
CONFIGURATION = 78
INTERRUPTED = 130  # by Ctrl-C, as shells count it
BROKEN_PIPE = 141


def of_error(error: LocalError | RemoteError | OSError) -> int:
    """Return the code for an error that ended the command line."""
    match error:
        case ConfigError():
            return CONFIGURATION
        case KeyFileError() | BusForbidden():
            return NO_PERMISSION
        case MasterUnreachable():
            return UNAVAILABLE
        case CannotCreate():
            return CANNOT_CREATE
        case OSError():
            return TEMPORARY_FAILURE
        case _:
            return GENERIC


def succeeded(load: Mapping[str, Any]) -> bool:
    """Tell whether one return is a success: each ``retcode`` 0 or absent, no ``success`` False."""
    return not any(_values(load.get("retcode"))) and False not in _values(load.get("success"))


def _values(value: Any) -> list[Any]:
    """Return the values for each function: a map or a list when a job had several."""
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]
