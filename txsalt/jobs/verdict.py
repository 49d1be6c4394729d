"""
Turn the outcome of a function's call into the fields of a return.

Each verdict is a map ``{"return", "retcode", "success"}``, with ``"out"`` (an outputter's name)
where the function did not come to its end.

Source: PROTOCOL.md 12.2, 12.3.
"""

import signal
import traceback
from collections.abc import Sequence
from typing import Any

from txsalt.jobs import exit_codes
from txsalt.jobs.errors import (
    CommandExecutionError,
    FunctionUnavailable,
    InvalidArguments,
    SaltInvocationError,
)
from txsalt.jobs.plain import plain

Verdict = dict[str, Any]  # Any: "return" holds what the function gave


def of_value(value: Any, retcode: int = exit_codes.OK) -> Verdict:
    """
    Judge a value that was returned; ``retcode`` is what the module set during the call.

    Without a code of the module's own, a map whose ``result`` or ``success`` is falsy is a failure.
    """
    value = plain(value)
    if retcode == exit_codes.OK and isinstance(value, dict):
        is_good = all(value.get(name, True) for name in ("result", "success"))
        retcode = exit_codes.OK if is_good else exit_codes.GENERIC
    return {"return": value, "retcode": retcode, "success": retcode == exit_codes.OK}


def of_items(items: Sequence[Any], retcode: int = exit_codes.OK) -> Verdict:
    """Judge what a generator gave: maps are merged into one, other items make a list."""
    if items and all(isinstance(item, dict) for item in items):
        return of_value({key: value for item in items for key, value in item.items()}, retcode)
    return of_value(list(items), retcode)


def of_exception(fun: str, exc: BaseException, doc: str | None = None) -> Verdict:
    """Judge an exception; ``doc`` is the function's own text, shown for wrong arguments."""
    if isinstance(exc, FunctionUnavailable):
        return _failure(str(exc))
    if isinstance(exc, CommandExecutionError):
        return _failure(f"ERROR: {exc}")
    if isinstance(exc, SaltInvocationError):
        return _failure(f"ERROR executing '{fun}': {exc}")
    if isinstance(exc, InvalidArguments):
        return _failure(f"Passed invalid arguments to {fun}: {exc}\n{doc or ''}")
    text = "".join(traceback.format_exception(exc))
    return _failure(f"The minion function caused an exception: {text}")


def is_unexpected(exc: BaseException) -> bool:
    """Tell whether an exception is also worth a ``_salt_error`` event."""
    expected = CommandExecutionError | SaltInvocationError | InvalidArguments | FunctionUnavailable
    return not isinstance(exc, expected)


def of_death(status_signal: int | None, exit_code: int | None = None) -> Verdict:
    """Judge a job whose process ended without a result: by a signal, or with an exit code."""
    if status_signal is not None:
        return _failure(f"ERROR: the job's process was ended by {_signal_name(status_signal)}")
    return _failure(f"ERROR: the job's process ended with exit code {exit_code}, and no result")


def of_timeout(seconds: float) -> Verdict:
    """Judge a job that was stopped as it took longer than it may."""
    return _failure(f"ERROR: the job was stopped after {seconds:g} seconds, its time limit")


def of_kill(by_signal: int) -> Verdict:
    """Judge a job that somebody asked to end, through kill_job, term_job or signal_job."""
    return _failure(f"ERROR: the job was ended on request, by {_signal_name(by_signal)}")


def of_several(results: Sequence[tuple[str, Verdict]], *, ordered: bool = False) -> Verdict:
    """
    Join the verdicts of a job of several functions, in the order they ran.

    The fields are maps by function name, or lists when ``ordered``. A function that did not come
    to its end has no retcode: no entry in a map, None in a list.
    """
    if ordered:
        return {
            "return": [verdict["return"] for _, verdict in results],
            "retcode": [None if "out" in verdict else verdict["retcode"] for _, verdict in results],
            "success": [verdict["success"] for _, verdict in results],
        }
    retcode: dict[str, int] = {}
    for fun, verdict in results:
        retcode.pop(fun, None)
        if "out" not in verdict:
            retcode[fun] = verdict["retcode"]
    return {
        "return": {fun: verdict["return"] for fun, verdict in results},
        "retcode": retcode,
        "success": {fun: verdict["success"] for fun, verdict in results},
    }


def _failure(text: str) -> Verdict:
    return {"return": text, "retcode": exit_codes.GENERIC, "success": False, "out": "nested"}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
