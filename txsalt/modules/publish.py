"""
Ask other minions, and the master, to run something: as far as the master lets this minion.

The options ``peer`` and ``peer_run`` of the master say what; what they do not allow is answered
with an empty map, as is a target that no minion fits.

Source: Salt 3008.3, modules/publish.py; PROTOCOL section 9.7.
"""

import logging
import time
from typing import Any  # functions take and return values of any type

from txsalt.jobs.arguments import typed_word
from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError

log = logging.getLogger(__name__)

_FIRST_WAIT = 0.05  # seconds between two questions, doubled each time
_LONGEST_WAIT = 0.5


def publish(tgt: Any, fun: str, arg: Any = None, tgt_type: str = "glob", returner: str = "",
            timeout: Any = 5, via_master: str | None = None) -> dict[str, Any]:  # fmt: skip
    """
    Run a function on other minions; return what they returned within the timeout, by minion.

    ``arg`` is one argument or a list; "name=value" is an argument by name. Functions of publish
    itself cannot be published.

    CLI Example: txsalt-cli web1 publish.publish 'os:Debian' network.ip_addrs '' grain
    """
    found = _published(tgt, fun, arg, tgt_type, returner, timeout, via_master)
    return {minion: _value(answer) for minion, answer in found.items()}


def full_data(tgt: Any, fun: str, arg: Any = None, tgt_type: str = "glob", returner: str = "",
              timeout: Any = 5) -> dict[str, Any]:  # fmt: skip
    """
    Do the same as publish.publish; return a map with "ret" for each minion.

    CLI Example: txsalt-cli web1 publish.full_data '*' cmd.run 'ls -la /tmp'
    """
    return _published(tgt, fun, arg, tgt_type, returner, timeout, None)


def runner(fun: str, arg: Any = None, timeout: Any = 5) -> Any:
    """
    Run a runner on the master and return what it returned.

    CLI Example: txsalt-cli web1 publish.runner manage.down
    """
    load = {"cmd": "minion_runner", "fun": fun, "arg": _arguments(arg), "tmo": _seconds(timeout)}
    return _request(load)


def _published(tgt: Any, fun: str, arg: Any, tgt_type: str, returner: str, timeout: Any,
               via_master: str | None) -> dict[str, Any]:  # fmt: skip
    if fun.startswith("publish."):
        log.info("%s is not published: functions of publish cannot be", fun)
        return {}
    if via_master and via_master != __opts__.get("master"):
        raise SaltInvocationError(f"{via_master} is not the master of this minion")
    seconds = _seconds(timeout)
    load = {
        "cmd": "minion_pub",
        "fun": fun,
        "arg": _arguments(arg),
        "tgt": tgt,
        "tgt_type": tgt_type,
        "ret": returner,
        "tmo": seconds,
        "form": "full",
    }
    job = _request(load)
    if not isinstance(job, dict) or not job.get("jid"):
        return {}
    return _collected(str(job["jid"]), set(job.get("minions") or ()), seconds)


def _collected(jid: str, expected: set[str], seconds: float) -> dict[str, Any]:
    """Ask for the returns of a job until all are there, or the time is over."""
    until, wait = time.monotonic() + seconds, _FIRST_WAIT
    while True:
        answer = _request({"cmd": "pub_ret", "jid": jid})
        found = answer if isinstance(answer, dict) else {}
        left = until - time.monotonic()
        if expected <= set(found) or left <= 0:
            return found
        time.sleep(min(wait, left))
        wait = min(2 * wait, _LONGEST_WAIT)


def _value(answer: Any) -> Any:
    return answer.get("ret") if isinstance(answer, dict) else answer


def _arguments(arg: Any) -> list[Any]:
    """Give the list that an argument means; text is read as on the command line."""
    arg = typed_word(arg) if isinstance(arg, str) else arg
    if arg is None or arg == "":
        return []
    return list(arg) if isinstance(arg, list | tuple) else [arg]


def _seconds(timeout: Any) -> float:
    try:
        return max(float(timeout), 0.0)
    except (TypeError, ValueError) as exc:
        raise SaltInvocationError(f"{timeout!r} is no number of seconds") from exc


def _request(load: dict[str, Any]) -> Any:
    given = {"id": __opts__["id"], "no_parse": list(__opts__.get("no_parse") or ()), **load}
    try:
        return __daemon__.call("request", {"load": given})
    except RuntimeError as exc:
        raise CommandExecutionError(str(exc)) from exc
