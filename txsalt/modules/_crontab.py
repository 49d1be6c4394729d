"""
Read and write crontabs whose lower part is managed by job functions.

Everything above the marker line belongs to the user and is kept as it is. Below it stand variables,
jobs at times and jobs at special times (``@reboot``); a comment line before a job may end in an
identifier, and a job may be switched off by a prefix. Marker, identifier and prefix are a file
format shared with Salt: crontabs written by either are understood by both.

Source: Salt 3008.3, modules/cron.py list_tab, _render_tab.
"""

import random
import re
from typing import Any  # entries hold text, None and booleans

MARKER = "# Lines below here are managed by Salt, do not edit"
IDENTIFIER = "SALT_CRON_IDENTIFIER"
NO_IDENTIFIER = "NO ID SET"
DISABLED = "#DISABLED#"
EMPTY = '""'
TIMES = ("minute", "hour", "daymonth", "month", "dayweek")

_VARIABLE = re.compile(r"([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)")

Tab = dict[str, list[Any]]
Entry = dict[str, Any]


def parse(text: str) -> Tab:
    """
    Read a crontab into {"pre", "crons", "special", "env"}.

    ``pre`` are the lines above the marker. Lines below it that are no entry are dropped.
    """
    tab: Tab = {"pre": [], "crons": [], "special": [], "env": []}
    # Nothing else ends a line of a crontab, whatever str.splitlines takes for an end.
    lines = text.removesuffix("\n").split("\n") if text else []
    if MARKER not in lines:
        tab["pre"] = lines
        return tab
    cut = lines.index(MARKER)
    tab["pre"] = lines[:cut]
    note = _Note()
    for line in lines[cut + 1 :]:
        if line != MARKER:
            _read_line(line, tab, note)
    return tab


def render(tab: Tab) -> str:
    """Write a crontab; the inverse of ``parse``."""
    lines = [*tab["pre"], MARKER]
    for variable in tab["env"]:
        lines.append(f"{variable['name']}={variable['value'] or EMPTY}")
    for entry in tab["crons"]:
        when = " ".join(str(entry[name]) for name in TIMES)
        lines += _comment_lines(entry)
        lines.append(f"{_prefix(entry)}{when} {entry['cmd']}")
    for entry in tab["special"]:
        lines += _comment_lines(entry)
        lines.append(f"{_prefix(entry)}{entry['spec']} {entry['cmd']}")
    return "".join(f"{line}\n" for line in lines)


def identity(entry: Entry) -> str:
    """Give the identifier of an entry, or the text that stands for none."""
    return str(entry["identifier"]) if entry["identifier"] else NO_IDENTIFIER


def matches(entry: Entry, cmd: str, identifier: Any = None) -> bool:
    """
    Tell whether an entry is the one of a command and identifier.

    An identifier finds its entry whatever the command is now; it also adopts an entry of the same
    command that has none. Without an identifier only entries without one are found, by command.
    """
    wanted = str(identifier) if identifier else NO_IDENTIFIER
    found = identity(entry)
    if found != NO_IDENTIFIER:
        return wanted == found
    return entry.get("cmd") == cmd


def differs(old: Any, new: Any) -> bool:
    """Tell whether a field must change; None and "random" mean: as it is, if there is a value."""
    if old == new:
        return False
    if new == "random":
        return bool(old == "*")
    return new is not None


def choose_times(wanted: dict[str, str]) -> dict[str, str]:
    """Fill in "random" and ranges such as "3:9", which mean one value out of them."""
    limits = {"minute": (0, 59), "hour": (0, 23), "month": (1, 12), "dayweek": (0, 6)}
    chosen = {name: _choose(wanted[name], *limits[name]) for name in limits}
    chosen["daymonth"] = wanted["daymonth"]
    if wanted["daymonth"] == "random":
        chosen["daymonth"] = _choose("random", 1, _days(chosen["month"]))
    return chosen


class _Note:
    """The comment lines seen since the last job: they belong to the next one."""

    def __init__(self) -> None:
        self.comment: str | None = None
        self.identifier: str | None = None

    def add(self, line: str) -> None:
        text = line.lstrip("# ")
        if IDENTIFIER in text:
            text, _, rest = text.partition(IDENTIFIER)
            text = text.rstrip()
            self.identifier = rest[1:] or self.identifier
        self.comment = text if self.comment is None else f"{self.comment}\n{text}"

    def take(self) -> Entry:
        taken = {"comment": self.comment, "identifier": self.identifier}
        self.comment = self.identifier = None
        return taken


def _read_line(line: str, tab: Tab, note: _Note) -> None:
    commented = line.startswith(DISABLED)
    line = line.removeprefix(DISABLED)
    # Blanks and tabulators, as many as people like: a line that is not read is lost.
    words = re.split(r"[ \t]+", line.strip(" \t"), maxsplit=5)
    if line.startswith("@"):
        spec, *rest = line.split(None, 1)
        if rest:
            entry = {"spec": spec, "cmd": rest[0], "commented": commented}
            tab["special"].append({**entry, **note.take()})
    elif line.startswith("#"):
        note.add(line)
    elif match := _VARIABLE.fullmatch(line):
        tab["env"].append({"name": match[1], "value": match[2]})
    elif line.find("=") > 0 and "=" in words[0]:
        name, _, value = line.partition("=")
        tab["env"].append({"name": name, "value": value})
    elif len(words) > 5:
        times = dict(zip(TIMES, words, strict=False))
        entry = {**times, "cmd": words[5], "commented": commented}
        tab["crons"].append({**entry, **note.take()})


def _comment_lines(entry: Entry) -> list[str]:
    if entry["comment"] is None and entry["identifier"] is None:
        return []
    text = "#"
    if entry["comment"]:
        text += " " + str(entry["comment"]).rstrip().replace("\n", "\n# ")
    if entry["identifier"]:
        text += f" {IDENTIFIER}:{entry['identifier']}"
    return [text]


def _prefix(entry: Entry) -> str:
    return DISABLED if entry["commented"] is True else ""


def _choose(value: str, low: int, high: int) -> str:
    if value == "random":
        return str(random.randint(low, high))  # noqa: S311 - spreads load, guards nothing
    ends = value.split(":")
    if len(ends) == 2:
        low, high = sorted(int(end) for end in ends)
        return str(random.randint(low, high))  # noqa: S311 - spreads load, guards nothing
    return value


def _days(month: str) -> int:
    if month in ("4", "6", "9", "11"):
        return 30
    return 31 if month in ("1", "3", "5", "7", "8", "10", "12") else 28
