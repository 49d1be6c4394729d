"""
One scheduled job, read and checked: Salt's map of options as a value.

    job:
      function: state.apply
      args: [web]                      # job_args, job_kwargs mean the same as args, kwargs
      minutes: 30                      # or when, cron, once (with once_fmt)
      splay: 60                        # or {start: 10, end: 60}
      range: {start: 8am, end: 5pm}
      missed: once                     # ours: skip, once or all

Source: Salt 3008.3, utils/schedule.py and docs, topics/jobs/schedule.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar  # Any: options of jobs hold what YAML holds

from txsalt.errors import LocalError
from txsalt.light import field, frozen
from txsalt.schedule import moment, splay, window
from txsalt.schedule.errors import BadEntry
from txsalt.schedule.moment import Moment
from txsalt.schedule.splay import Splay
from txsalt.schedule.timing import At, Every, Timing, read_cron
from txsalt.schedule.window import Window

T = TypeVar("T")

# Names in the map of jobs that are no jobs but hold for all of them.
SHARED = frozenset({"enabled", "skip_function", "skip_during_range", "splay"})
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
SKIP, ONCE, ALL = "skip", "once", "all"
NO_CACHE = "nocache"  # a value of return_job: fire the return, but do not store it

_CLOCKS = ("when", "cron", "once")
_ONCE_FORM = "%Y-%m-%dT%H:%M:%S"
_LONGEST = 100 * 366 * 86400  # seconds
# One that is lost in the digits of a Unix time would be due again and again.
_SHORTEST = 1.0
_AT_ONCE = Splay()


@frozen(kw_only=True)
class Entry:
    """A scheduled job."""

    name: str
    function: str
    timing: Timing
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(factory=dict)
    enabled: bool = True
    splay: Splay = _AT_ONCE
    range: Window | None = None
    skip_during_range: Window | None = None
    run_after_skip_range: bool = False
    until: Moment | None = None
    after: Moment | None = None
    maxrunning: int = 1
    jid_include: bool = True
    return_job: bool | str = True  # True, False or "nocache"
    run_on_start: bool | None = None  # None: an interval does if it never ran, others do not
    returners: tuple[str, ...] = ()
    return_config: str = ""
    return_kwargs: dict[str, Any] = field(factory=dict)
    metadata: dict[str, Any] | None = None
    dry_run: bool = False
    missed: str = SKIP


def read_entry(
    name: str,
    options: object,
    shared: Mapping[str, Any] | None = None,
    whens: Mapping[str, Any] | None = None,
) -> Entry:
    """
    Read the options of job ``name``.

    ``shared`` are the options for all jobs (SHARED), which those of the job override; ``whens``
    maps names to times for ``when``. Raises BadEntry.
    """
    if not isinstance(options, Mapping):
        raise BadEntry(name, "its options are no map")
    merged = {key: value for key, value in (shared or {}).items() if key in SHARED - {"enabled"}}
    merged |= {key: value for key, value in options.items() if value is not None}
    try:
        return _entry(name, merged, whens or {})
    except BadEntry:
        raise
    except (ValueError, TypeError, OverflowError, LocalError) as exc:
        raise BadEntry(name, str(exc)) from exc


def function_of(options: Mapping[str, Any]) -> Any:
    """Return the function that the options of a job name, None without one."""
    return options.get("function") or options.get("func") or options.get("fun")


def _entry(name: str, options: Mapping[str, Any], whens: Mapping[str, Any]) -> Entry:
    function = function_of(options)
    if not isinstance(function, str) or "." not in function:
        raise ValueError("it names no function")
    timing = _timing(options, whens)
    return Entry(
        name=name,
        function=function,
        timing=timing,
        args=tuple(_listed(options, "args", "job_args")),
        kwargs={str(key): value for key, value in _mapped(options, "kwargs", "job_kwargs").items()},
        enabled=_flag(options, "enabled", True),
        splay=splay.read(options.get("splay")),
        range=_maybe(options, "range", lambda value: window.read(value, "range")),
        skip_during_range=_maybe(
            options, "skip_during_range", lambda value: window.read(value, "skip_during_range")
        ),
        run_after_skip_range=_flag(options, "run_after_skip_range", False),
        until=_maybe(options, "until", moment.read),
        after=_maybe(options, "after", moment.read),
        maxrunning=_count(options, "maxrunning"),
        jid_include=_flag(options, "jid_include", True),
        return_job=_return_job(options.get("return_job", True)),
        run_on_start=_maybe(options, "run_on_start", bool),
        returners=_returners(options),
        return_config=str(options.get("return_config", "")),
        return_kwargs=dict(_mapped(options, "return_kwargs")),
        metadata=options["metadata"] if isinstance(options.get("metadata"), dict) else None,
        dry_run=_flag(options, "dry_run", False),
        missed=_missed(options, timing),
    )


def _timing(options: Mapping[str, Any], whens: Mapping[str, Any]) -> Timing:
    units = [each for each in UNITS if each in options]
    clocks = [each for each in _CLOCKS if each in options]
    if len(clocks) + bool(units) > 1:
        together = ", ".join([*units, *clocks])
        raise ValueError(f"these options cannot be used together: {together}")
    if units:
        return _interval(options, units)
    if not clocks:
        raise ValueError(f"it has no time: {', '.join([*UNITS, *_CLOCKS])}")
    match clocks[0]:
        case "cron":
            return read_cron(options["cron"])
        case "once":
            return At((_once(options),))
        case _:
            return At(tuple(_whens(options["when"], whens)))


def _interval(options: Mapping[str, Any], units: Sequence[str]) -> Every:
    seconds = sum(_number(options[unit], unit) * UNITS[unit] for unit in units)
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ValueError(f"an interval of {seconds:g} seconds is shorter than 1, or endless")
    return Every(seconds)


def _once(options: Mapping[str, Any]) -> Moment:
    once = options["once"]
    if isinstance(once, str):
        form = options.get("once_fmt")
        # The default form is among those that read() knows.
        found = moment.read_exactly(once, form) if form and form != _ONCE_FORM else None
        found = found or moment.read(once)
    else:
        found = moment.read(once)
    if found.year is None:
        raise ValueError(f"once is {once!r}, which has no date")
    return found


def _whens(value: Any, whens: Mapping[str, Any]) -> list[Moment]:
    listed = value if isinstance(value, list | tuple) else [value]
    if not listed:
        raise ValueError("when has no times")
    if any(isinstance(each, int | float) for each in listed):
        # YAML reads 17:00 without quotes as a number to the base of 60.
        raise ValueError(f"when is {value!r}: put times of the day in quotes")
    return [
        moment.read(whens[each] if isinstance(each, str) and each in whens else each)
        for each in listed
    ]


def _missed(options: Mapping[str, Any], timing: Timing) -> str:
    # An interval counts from the last run: one that is overdue after a restart is due.
    value = options.get("missed", ONCE if isinstance(timing, Every) else SKIP)
    if value not in (SKIP, ONCE, ALL):
        raise ValueError(f"missed is {value!r}, but skip, once or all is expected")
    return str(value)


def _returners(options: Mapping[str, Any]) -> tuple[str, ...]:
    value = options.get("returner") or options.get("returners") or ()
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        raise ValueError("returner is neither a name nor a list of names")
    return tuple(dict.fromkeys(str(each).strip() for each in listed if str(each).strip()))


def _return_job(value: Any) -> bool | str:
    return NO_CACHE if value == NO_CACHE else bool(value)


def _maybe(options: Mapping[str, Any], key: str, reader: Callable[[Any], T]) -> T | None:
    value = options.get(key)
    return None if value is None or value == {} else reader(value)


def _flag(options: Mapping[str, Any], key: str, default: bool) -> bool:
    value = options.get(key, default)
    # The words of a command line, as Salt reads them.
    return value.lower() != "false" if isinstance(value, str) else bool(value)


def _listed(options: Mapping[str, Any], *keys: str) -> Sequence[Any]:
    value = next((options[key] for key in keys if key in options), ())
    if not isinstance(value, list | tuple):
        raise ValueError(f"{keys[-1]} is not a list")
    return value


def _mapped(options: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    value: Any = next((options[key] for key in keys if key in options), {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{keys[-1]} is not a map")
    return value


def _count(options: Mapping[str, Any], key: str) -> int:
    number = _number(options.get(key, 1), key)
    if number < 1:
        raise ValueError(f"{key} is less than 1")
    return int(number)


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{what} is no number")
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{what} is {value!r}, which is no number") from None
