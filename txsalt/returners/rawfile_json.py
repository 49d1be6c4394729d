"""
Return to a file, a line of JSON each.

    returner.rawfile_json.filename: /var/log/txsalt/returns.json
    returner.rawfile_json.mode: "0600"         # of a file that is new
"""

import fcntl
import os
from collections.abc import Mapping
from typing import Any  # returns hold what functions give

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.returners._jids import prep_jid as _prep_jid
from txsalt.returners._options import options_of
from txsalt.returners._plain import as_json, shown

_DEFAULTS = {"filename": "/var/log/txsalt/returns.json", "mode": "0600"}


def returner(ret: Mapping[str, Any]) -> None:
    """Append a return."""
    options = options_of("rawfile_json", ret, __salt__, _DEFAULTS)
    line = as_json(shown(ret)).encode() + b"\n"
    try:
        _append(options["filename"], line, _mode(options["mode"]))
    except OSError as exc:
        raise CommandExecutionError(f"{options['filename']}: {exc.strerror}") from exc


def prep_jid(nocache: bool = False, passed_jid: str | None = None) -> str:
    """Give a new job id, or the one that was passed."""
    return _prep_jid(nocache, passed_jid)


def _append(path: str, line: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        # Lines of several writers must not mix; half of one must not stay.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = os.fstat(descriptor).st_size
        if os.write(descriptor, line) != len(line):
            os.ftruncate(descriptor, before)
            raise OSError(28, "No space left on device")
    finally:
        os.close(descriptor)


def _mode(value: object) -> int:
    try:
        mode = value if isinstance(value, int) else int(str(value), 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        # YAML reads 600 without quotes as six hundred, which is another mode.
        raise SaltInvocationError(f'{value!r} is no mode of a file, such as "0600" in quotes')
    return mode
