"""
Read the times that people write in schedules, and find when they come next.

    17:00 · 17:00:30 · 5pm · 5:30 PM                  each day
    Monday 5pm · Mon 17:00                            each week
    January 1 5pm · 1 Jan 17:00                       each year
    2027-01-31 17:00 · 2027-01-31T17:00:30 · 2027/01/31 · 01/31/2027 5pm
    January 31, 2027 5pm · 31 Jan 2027 17:00          once; without a time of day, at midnight

Any of these may end in a zone: ``Z``, ``UTC``, ``+01:00``. Otherwise the machine's zone counts. A
time that the clocks jump over comes when it would have come without the jump (02:30 is 03:30 that
day); one that comes twice counts the first time.

Source: the texts that Salt users write for ``when``; docs of Salt 3008, topics/jobs/schedule.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from txsalt.light import frozen
from txsalt.schedule.errors import BadMoment

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_MONTH = (
    r"(?P<month_name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
# Not the hour of a time that follows.
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\d:]|\s*[ap]\.?m\b)"
_DATES = [
    re.compile(each, re.IGNORECASE)
    for each in (
        r"(?<!\d)(?P<year>\d{4})([-/])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})(?!\d)",
        rf"\b{_MONTH}\s+{_DAY}(?:,?\s+(?P<year>\d{{4}})(?![\d:]))?\b",
        rf"\b{_DAY}\s+{_MONTH}(?:,?\s+(?P<year>\d{{4}})(?![\d:]))?\b",
    )
]
_WEEKDAY = re.compile(
    r"\b(mon|tue|wed|thu|fri|sat|sun)(?:day|s?day|nesday|rsday|urday)?\b", re.IGNORECASE
)
_CLOCK = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\b\.?)?|\s*(?P<only_half>[ap]\.?m\b\.?))",
    re.IGNORECASE,
)
_ZONE = re.compile(
    r"(?:\b(?:utc|gmt)|(?<=[\d\s])z)$|(?P<sign>[+-])(?P<h>\d{2}):?(?P<m>\d{2})$", re.I
)
_FILLER = re.compile(r"(?:\bat\b|\bon\b|\bt\b|(?<=\s)t(?=\s)|,|\s)*", re.IGNORECASE)

_LEAP_CYCLE = 8  # years without a 29 February, at most


@frozen(kw_only=True)
class Moment:
    """
    A time of the day; ``year``, ``month`` and ``day``, or ``weekday`` (Monday is 0) narrow it down.

    ``zone`` is that of the text, None for the machine's.
    """

    clock: time
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    zone: tzinfo | None = None

    def after(self, then: float, zone: tzinfo) -> float | None:
        """Return the first such time later than ``then`` (Unix times), None if there is none."""
        zone = self.zone or zone
        # A day early: what a change of the clocks moved may still be to come.
        first = _day_of(then, zone, -1)
        stamps = (_stamp(day, self.clock, zone) for day in self._days(first))
        return next((stamp for stamp in stamps if stamp > then), None)

    def on(self, then: float, zone: tzinfo) -> float:
        """Return such a time of the day of ``then`` or of the next that fits, maybe earlier."""
        zone = self.zone or zone
        return _stamp(next(self._days(_day_of(then, zone))), self.clock, zone)

    def _days(self, first: date) -> Iterator[date]:
        """Give the days that fit, from ``first`` on; at least one, the only date even if past."""
        if self.year is not None:
            yield date(self.year, self.month or 1, self.day or 1)
            return
        if self.month is not None:
            for year in range(first.year, min(first.year + _LEAP_CYCLE + 2, date.max.year)):
                if (day := _date(year, self.month, self.day or 1)) is not None and day >= first:
                    yield day
            return
        for number in range(9):
            day = first + timedelta(days=number)
            if self.weekday in (None, day.weekday()):
                yield day


def read(value: object) -> Moment:
    """Read a time: a text as above, or a date or date and time as YAML has it. Raises BadMoment."""
    if isinstance(value, datetime):
        return _of_date(value, value.time(), value.tzinfo)
    if isinstance(value, date):
        return _of_date(value, time(), None)
    if not isinstance(value, str):
        raise BadMoment(str(value))
    return _read_text(value)


def read_exactly(text: str, form: str) -> Moment:
    """Read a text by a form of strptime. Raises BadMoment."""
    try:
        found = datetime.strptime(text, form)
    except (ValueError, TypeError):
        raise BadMoment(f"{text} ({form})") from None
    return _of_date(found, found.time(), found.tzinfo)


def _read_text(text: str) -> Moment:
    rest, zone = _take_zone(text.strip())
    rest, found_date = _take_first(rest, _DATES)
    rest, clock = _take_clock(re.sub(r"(?i)(?<=\s)t(?=\d)|^t(?=\d)", " ", rest))
    match = _WEEKDAY.search(rest)
    weekday = _WEEKDAYS.index(match[1].lower()) if match else None
    rest = _WEEKDAY.sub(" ", rest, count=1)
    if not _FILLER.fullmatch(rest) or (clock is None and found_date is None and weekday is None):
        raise BadMoment(text)
    parts = _date_parts(found_date, text) if found_date else {}
    # A weekday beside a date only repeats it.
    return Moment(clock=clock or time(), weekday=None if parts else weekday, zone=zone, **parts)


def _take_zone(text: str) -> tuple[str, tzinfo | None]:
    match = _ZONE.search(text)
    # The end of 2027-01-0131 is no zone, and neither is that of a date alone.
    if match is None or (match["sign"] and not _CLOCK.search(text[: match.start()])):
        return text, None
    rest = text[: match.start()]
    if not match["sign"]:
        return rest, UTC
    minutes = int(match["h"]) * 60 + int(match["m"])
    if minutes >= 24 * 60:
        raise BadMoment(text)
    return rest, timezone(timedelta(minutes=-minutes if match["sign"] == "-" else minutes))


def _take_first(text: str, forms: list[re.Pattern[str]]) -> tuple[str, re.Match[str] | None]:
    for form in forms:
        match = form.search(text)
        if match is not None:
            return f"{text[: match.start()]} {text[match.end() :]}", match
    return text, None


def _take_clock(text: str) -> tuple[str, time | None]:
    match = _CLOCK.search(text)
    if match is None:
        return text, None
    hour, half = int(match["hour"]), (match["half"] or match["only_half"] or "")[:1].lower()
    if half:
        if not 1 <= hour <= 12:
            raise BadMoment(text)
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        clock = time(hour, int(match["minute"] or 0), int(match["second"] or 0))
    except ValueError:
        raise BadMoment(text) from None
    return f"{text[: match.start()]} {text[match.end() :]}", clock


def _date_parts(match: re.Match[str], text: str) -> dict[str, int]:
    groups = match.groupdict()
    name = groups.get("month_name")
    month = _MONTHS.index(name[:3].lower()) + 1 if name else int(groups["month"])
    day, year = int(groups["day"]), groups.get("year")
    # 2024 had a 29 February.
    if _date(int(year) if year else 2024, month, day) is None:
        raise BadMoment(text)
    return {"month": month, "day": day, **({"year": int(year)} if year else {})}


def _of_date(day: date, clock: time, zone: tzinfo | None) -> Moment:
    return Moment(
        year=day.year, month=day.month, day=day.day, clock=clock.replace(tzinfo=None), zone=zone
    )


def _day_of(stamp: float, zone: tzinfo, shift: int = 0) -> date:
    return datetime.fromtimestamp(stamp, zone).date() + timedelta(days=shift)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _stamp(day: date, clock: time, zone: tzinfo) -> float:
    # fold=0: in a gap the offset from before the jump counts, of two times the first.
    return datetime.combine(day, clock, zone).timestamp()
