"""
Return to the system log.

    returner.syslog.level: LOG_INFO
    returner.syslog.facility: LOG_USER
    returner.syslog.tag: txsalt-minion
    returner.syslog.address: /dev/log          # or host:port, by UDP

The message is the return as JSON. One that the log's socket does not take for its length is sent
without the result, and without the arguments if need be.
"""

import errno
import os
import socket
import syslog
from collections.abc import Mapping
from typing import Any  # returns hold what functions give

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.returners._jids import prep_jid as _prep_jid
from txsalt.returners._options import options_of
from txsalt.returners._plain import as_json, shown

__virtualname__ = "syslog"

_DEFAULTS = {
    "level": "LOG_INFO",
    "facility": "LOG_USER",
    "tag": "txsalt-minion",
    "address": "/dev/log",
}


def returner(ret: Mapping[str, Any]) -> None:
    """Log a return."""
    options = options_of("syslog", ret, __salt__, _DEFAULTS)
    priority = _number(options["level"]) | _number(options["facility"])
    head = f"<{priority}>{options['tag']}[{os.getpid()}]: "
    told = shown(ret)
    for too_long in ("return", "fun_args", ""):
        try:
            _send(options["address"], head + as_json(told))
        except OSError as exc:
            if exc.errno != errno.EMSGSIZE or not too_long:
                text = f"syslog at {options['address']}: {exc.strerror}"
                raise CommandExecutionError(text) from exc
            told.pop(too_long, None)
            told[f"{too_long}_left_out"] = "too long"
        else:
            return


def prep_jid(nocache: bool = False, passed_jid: str | None = None) -> str:
    """Give a new job id, or the one that was passed."""
    return _prep_jid(nocache, passed_jid)


def _number(name: object) -> int:
    value = getattr(syslog, str(name), None) if str(name).startswith("LOG_") else None
    if not isinstance(value, int):
        raise SaltInvocationError(f"{name} is no level or facility of syslog")
    return value


def _send(address: str, text: str) -> None:
    if address.startswith("/"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.settimeout(10)
            log.connect(address)
            log.send(text.encode())
        return
    host, _, port = address.rpartition(":")
    for family, kind, number, _, place in socket.getaddrinfo(
        host or address, port if host else 514, type=socket.SOCK_DGRAM
    )[:1]:
        with socket.socket(family, kind, number) as log:
            log.sendto(text.encode(), place)
