"""
Read and set the clock of this machine.

``utc_offset`` is four digits with a sign, such as "-0600": the time zone that a time is meant in;
without it, that of this machine.

Source: Salt 3008.3, modules/system.py.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any  # users pass numbers or text

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._tool import run_tool, which

__virtualname__ = "system"

_TIMES = ("%I:%M:%S %p", "%I:%M %p", "%H:%M:%S", "%H:%M")
_DATES = ("%Y-%m-%d", "%m-%d-%Y", "%m-%d-%y", "%m/%d/%Y", "%m/%d/%y", "%Y/%m/%d")


def get_system_time(utc_offset: str | None = None) -> str:
    """
    Return the time of day, such as 03:12:37 PM.

    CLI Example: txsalt-cli '*' system.get_system_time "'-0500'"
    """
    return _now(utc_offset).strftime("%I:%M:%S %p")


def get_system_date(utc_offset: str | None = None) -> str:
    """
    Return the date, such as Tue 03/17/2026.

    CLI Example: txsalt-cli '*' system.get_system_date
    """
    return _now(utc_offset).strftime("%a %m/%d/%Y")


def get_system_date_time(utc_offset: str | None = None) -> str:
    """
    Return date and time, such as 2026-03-17 15:12:37.

    CLI Example: txsalt-cli '*' system.get_system_date_time "'-0500'"
    """
    return _now(utc_offset).strftime("%Y-%m-%d %H:%M:%S")


def set_system_time(newtime: str, utc_offset: str | None = None) -> bool:
    """
    Set the time of day; False if it is not of the forms 15:12, 15:12:37, 03:12 PM, 03:12:37 PM.

    CLI Example: txsalt-cli '*' system.set_system_time "'15:12:37'"
    """
    found = _parse(newtime, _TIMES)
    if found is None:
        return False
    return set_system_date_time(
        hours=found.hour, minutes=found.minute, seconds=found.second, utc_offset=utc_offset
    )


def set_system_date(newdate: str, utc_offset: str | None = None) -> bool:
    """
    Set the date: 2026-03-17, 2026/03/17, or the month first with - or /, and two or four digits.

    CLI Example: txsalt-cli '*' system.set_system_date 03-28-26
    """
    found = _parse(newdate, _DATES)
    if found is None:
        raise SaltInvocationError("Invalid date format")
    return set_system_date_time(
        years=found.year, months=found.month, days=found.day, utc_offset=utc_offset
    )


def set_system_date_time(
    years: Any = None,
    months: Any = None,
    days: Any = None,
    hours: Any = None,
    minutes: Any = None,
    seconds: Any = None,
    utc_offset: str | None = None,
) -> bool:
    """
    Set the clock; what is not given stays. The hardware clock is set as well, where there is one.

    CLI Example: txsalt-cli '*' system.set_system_date_time 2026 5 12 11 37 53 "'-0500'"
    """
    names = ("year", "month", "day", "hour", "minute", "second")
    given = zip(names, (years, months, days, hours, minutes, seconds), strict=True)
    try:
        changed: dict[str, Any] = {key: int(value) for key, value in given if value is not None}
        wanted = _now(utc_offset).replace(microsecond=0, **changed)
    except ValueError as exc:
        raise SaltInvocationError(f"no such time: {exc}") from exc
    argv = ["date"]
    if utc_offset is not None:
        argv.append("-u")
        wanted = wanted.astimezone(UTC)
    done = run_tool(__salt__, [*argv, wanted.strftime("%m%d%H%M%Y.%S")])
    if done.retcode:
        raise CommandExecutionError(f"date failed: {done.complaint}")
    if has_settable_hwclock():
        run_tool(__salt__, ["hwclock", "--systohc"], ignore_retcode=True)
    return True


def has_settable_hwclock() -> bool:
    """
    Tell whether this machine has a hardware clock that can be set.

    CLI Example: txsalt-cli '*' system.has_settable_hwclock
    """
    if which("hwclock") is None:
        return False
    argv = ["hwclock", "--test", "--systohc"]
    return run_tool(__salt__, argv, ignore_retcode=True).retcode == 0


def _now(utc_offset: str | None) -> datetime:
    if utc_offset is None:
        return datetime.now()
    match = re.fullmatch(r"([+-]?)(\d\d)(\d\d)", str(utc_offset))
    if match is None:
        raise SaltInvocationError("Invalid UTC offset")
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return datetime.now(timezone(-size if match[1] == "-" else size))


def _parse(text: str, forms: tuple[str, ...]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
