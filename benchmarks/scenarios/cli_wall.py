"""Wall time of a ``test.ping`` on the command line, from start to prompt."""

from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet, prefix

NAME = "command line"
_GOALS = {1: "4.5 times Salt", 500: "8 times Salt", 10_000: "6 s"}


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure one minion, then fleets; each must answer in full."""
    for minions in (500,) if size.quick else (500, 2000, 10_000):
        with house.answering(*fleet(minions), "--connections", "100"):
            if minions == 500:
                first = f"{prefix(500)}000"
                for _ in range(size.repeats):
                    yield _seen(house, 1, first)
            for _ in range(size.repeats):
                yield _seen(house, minions, f"{prefix(minions)}*")


def _seen(house: House, minions: int, tgt: str) -> Seen:
    seconds, answer = house.cli(tgt, "test.ping")
    answered = answer.data if isinstance(answer.data, dict) else {}
    assert sum(value is True for value in answered.values()) == minions, answer.stderr[-400:]
    name = f"test.ping of {minions:,} minion{'s' if minions > 1 else ''}"
    return Seen(what=name, unit="s", value=seconds, more=False, goal=_GOALS.get(minions, ""))
