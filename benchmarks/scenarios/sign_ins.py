"""Sign-ins a second: a storm of minions whose keys are accepted, 2048 bits."""

from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet

NAME = "sign-ins"
_GOAL = "3 times Salt 3008, twice Salt 3006"


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure minions that meet the master for the first time, then some that know it."""
    count = 300 if size.quick else 1000
    words = [*fleet(count), "--connections", "32"]
    for _ in range(size.repeats):
        report = house.swarm("sign-in", *words)
        yield Seen(
            what="sign-ins",
            unit="/s",
            value=report["sign_in"]["per_second"],
            more=True,
            goal=_GOAL,
        )
    for _ in range(size.repeats):
        report = house.swarm("sign-in", *words, "--known-master")
        yield Seen(
            what="sign-ins with a token",
            unit="/s",
            value=report["sign_in"]["per_second"],
            more=True,
            goal=_GOAL,
        )
