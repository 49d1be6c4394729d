"""
What is measured: one figure is one number of one house, with all values that were seen.
"""

import math
import statistics
from collections.abc import Iterable, Iterator
from typing import Protocol

from attrs import define, field, frozen

from benchmarks.houses import House

OURS = "txsalt"


@frozen(kw_only=True)
class Size:
    """How much is measured: ``make bench`` is quick, ``make bench-full`` is not."""

    quick: bool = True
    repeats: int = 3


@frozen(kw_only=True)
class Seen:
    """One value. ``more`` tells whether more is better; ``goal`` is the issue's, in words."""

    what: str
    unit: str
    value: float
    more: bool
    goal: str = ""


class Scenario(Protocol):
    """A module of ``benchmarks.scenarios``."""

    NAME: str

    def measure(self, house: House, size: Size) -> Iterator[Seen]:
        """Measure one house, whose master runs, and yield what is seen."""
        ...


@define
class Row:
    """One figure: the values of every house."""

    what: str
    unit: str
    more: bool
    goal: str
    values: dict[str, list[float]] = field(factory=dict)

    def median(self, house: str) -> float | None:
        """Return the median of a house, or None if it was not measured."""
        values = self.values.get(house)
        return statistics.median(values) if values else None

    def spread(self, house: str) -> float:
        """Return half of the range from least to greatest, as a share of the median."""
        values = self.values.get(house, [])
        middle = self.median(house)
        return (max(values) - min(values)) / 2 / middle if values and middle else 0.0

    def ratio(self, other: str) -> float | None:
        """Return how many times better ours is than ``other``; below 1 it is worse."""
        ours, theirs = self.median(OURS), self.median(other)
        if not ours or not theirs:
            return None
        return ours / theirs if self.more else theirs / ours


class Book:
    """All rows, in the order in which they were first seen."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.failures: list[str] = []

    def add(self, house: str, seen: Seen) -> None:
        """Write a value down."""
        row = self.rows.setdefault(seen.what, Row(seen.what, seen.unit, seen.more, seen.goal))
        if math.isfinite(seen.value):
            row.values.setdefault(house, []).append(seen.value)

    def fail(self, house: str, scenario: str, reason: str) -> None:
        """Write down what could not be measured."""
        self.failures.append(f"{scenario} of {house}: {reason}")

    def as_json(self, houses: Iterable[str]) -> dict[str, object]:
        """Return all of it for a file."""
        names = list(houses)
        return {
            "houses": names,
            "rows": [
                {
                    "what": row.what,
                    "unit": row.unit,
                    "better": "more" if row.more else "less",
                    "goal": row.goal,
                    "values": row.values,
                    "medians": {name: row.median(name) for name in names},
                    "ratios": {name: row.ratio(name) for name in names if name != OURS},
                }
                for row in self.rows.values()
            ],
            "failures": self.failures,
        }
