"""
How a job is spread over time: at most so many at once, in stages, until too many have failed.

Numbers are written as users write them, ``10`` or ``25%``; a percentage is of all who are meant,
rounded down for what may fail and up for what may run.
"""

import re
from collections.abc import Mapping
from math import ceil
from typing import Any  # a plan as it travels is any msgpack value

from txsalt.errors import BadLoad
from txsalt.light import evolve, frozen

# Not compiled here: the command line pays for what it needs.
_NUMBER = r"([0-9]{1,9})(?:\.[0-9]{1,3})?(%?)"
_MOST_SECONDS = 2_000_000.0


@frozen(kw_only=True)
class Plan:
    """
    ``size``: at most so many at once, "" for all. ``wait``: seconds for which the place of one
    that has ended stays empty. ``max_fail``: so many may fail, "" for any number. ``canary``: ends
    of stages; a stage begins when everyone of the stage before has ended.
    ``timeout`` and ``gather_job_timeout`` are those of the job.
    ``halted``: an operator wants nobody to be started any more.
    ``safe_limit``: with fewer minions than that there is no batch at all.
    """

    size: str = ""
    wait: float = 0.0
    max_fail: str = ""
    canary: tuple[str, ...] = ()
    safe_limit: int = 0
    halted: bool = False
    timeout: float = 5.0
    gather_job_timeout: float = 10.0

    def most_at_once(self, total: int) -> int:
        """Return how many of ``total`` may run at the same time; at least 1."""
        return max(1, _up(self.size, total)) if self.size else max(1, total)

    def most_failures(self, total: int) -> int | None:
        """Return how many of ``total`` may fail; None for any number."""
        return _down(self.max_fail, total) if self.max_fail else None

    def stages(self, total: int) -> list[int]:
        """Return where stages end, as numbers of minions; the last one is ``total``."""
        ends = {min(total, max(1, _up(end, total))) for end in self.canary}
        return sorted({*ends, total})

    def as_map(self) -> dict[str, Any]:
        """Return the plan as it travels and is stored."""
        return {
            "size": self.size,
            "wait": self.wait,
            "max_fail": self.max_fail,
            "canary": list(self.canary),
            "safe_limit": self.safe_limit,
            "halted": self.halted,
            "timeout": self.timeout,
            "gather_job_timeout": self.gather_job_timeout,
        }


def read_plan(value: Any) -> Plan:
    """Read a plan that came in. Raises BadLoad with the option that is wrong."""
    if not isinstance(value, Mapping):
        raise BadLoad("the plan of a batch is no map")
    canary = value.get("canary") or ()
    if not isinstance(canary, list | tuple):
        raise BadLoad("the canary of a batch is no list")
    plan = Plan(
        size=number(value.get("size") or "", "batch size"),
        wait=_seconds(value, "wait"),
        max_fail=number(value.get("max_fail", ""), "max-fail"),
        canary=tuple(number(end, "canary") for end in canary),
        safe_limit=int(_seconds(value, "safe_limit")),
        halted=value.get("halted") is True,
        timeout=_seconds(value, "timeout", 5.0),
        gather_job_timeout=_seconds(value, "gather_job_timeout", 10.0),
    )
    if plan.size and _exact(plan.size, 1) == 0:
        raise BadLoad("a batch of none at once would never end")
    # Whoever sends a canary wants to know whether it dies.
    return evolve(plan, max_fail="0") if plan.canary and not plan.max_fail else plan


def number(value: Any, what: str) -> str:
    """Check a number or percentage; "" stays. Raises BadLoad."""
    text = str(value).strip()
    if not text:
        return ""
    match = re.fullmatch(_NUMBER, text)
    if match is None or ("." in text and not match[2]):
        raise BadLoad(f"{what} {text[:40]!r} is neither a number nor a percentage")
    if match[2] and float(text[:-1]) > 100:
        raise BadLoad(f"{what} {text} is more than all")
    return text


def _up(text: str, total: int) -> int:
    # Rounded before it is rounded up: 7 % of 100 is not quite 7 in binary.
    return ceil(round(_exact(text, total), 6))


def _down(text: str, total: int) -> int:
    return int(round(_exact(text, total), 6))


def _exact(text: str, total: int) -> float:
    return float(text[:-1]) * total / 100 if text.endswith("%") else float(text)


def _seconds(value: Mapping[str, Any], name: str, default: float = 0.0) -> float:
    found = value.get(name, default)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise BadLoad(f"{name} of a batch is no number")
    if not 0 <= found <= _MOST_SECONDS:
        raise BadLoad(f"{name} of a batch is out of range")
    return float(found)
