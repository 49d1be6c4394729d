"""
Make and read job ids: the UTC time in 20 digits.

Source: PROTOCOL.md 14.
"""

import re
from datetime import UTC, datetime, timedelta

from txsalt.errors import BadName
from txsalt.light import define

FORMAT = "%Y%m%d%H%M%S%f"

# Not compiled here: the command line pays for what it needs.
_FORM = r"([0-9]{20})(?:_[0-9]{1,10})?"


def make(now: datetime) -> str:
    """Write a time as a job id; a time without a zone is taken as UTC."""
    return _in_utc(now).strftime(FORMAT).rjust(20, "0")


def parse(jid: str) -> datetime:
    """
    Read the time of a job id, in UTC; an underscore and a process id may follow the digits.

    Raises BadName.
    """
    match = re.fullmatch(_FORM, jid)
    if match is None:
        raise BadName("jid", "not 20 digits")
    try:
        return datetime.strptime(match[1], FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise BadName("jid", "not a time") from None


_BEGINNING = datetime.min.replace(tzinfo=UTC)


@define
class JidClock:
    """Make job ids that only grow, also when two are asked for at once or the clock steps back."""

    last: datetime = _BEGINNING

    def make(self, now: datetime) -> str:
        """Return the job id for ``now``, or the next one that was not given yet."""
        self.last = max(_in_utc(now), self.last + timedelta(microseconds=1))
        return make(self.last)


def _in_utc(now: datetime) -> datetime:
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)
