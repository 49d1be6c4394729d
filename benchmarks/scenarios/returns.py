"""Returns a second, stored: many minions return for published jobs, all connections at once."""

from collections.abc import Iterator

from benchmarks.figures import Seen, Size
from benchmarks.houses import House, fleet, prefix
from benchmarks.processes import cpu_seconds

NAME = "returns"
_PAYLOAD = 256  # bytes of text in each return
_LONGEST = 300  # seconds for a flood; real Salt takes more than a minute for 10,000


def measure(house: House, size: Size) -> Iterator[Seen]:
    """Measure fleets of several sizes; at least 1,000 returns (ours 4,000) each time."""
    for minions in (100, 500) if size.quick else (100, 500, 2000, 10_000):
        rounds = max(1, -(-(4000 if house.is_ours else 1000) // minions))
        for repeat in range(size.repeats):
            jids = [house.new_jid() for _ in range(rounds)]
            if repeat == 0:
                # The first swarm puts the keys there, so that the jobs match somebody.
                house.swarm("sign-in", *fleet(minions))
            house.publisher.publish(jids, f"{prefix(minions)}*")
            before = cpu_seconds(house.pids())
            report = house.swarm(
                "flood", *fleet(minions), "--total", str(minions * rounds),
                "--jids", ",".join(jids), "--payload", str(_PAYLOAD), "--connections", "100",
                "--duration", str(_LONGEST),
            )  # fmt: skip
            flood, sign_in = report["flood"], report["sign_in"]
            accepted = flood["replies"].get("accepted", 0)
            assert accepted == minions * rounds, flood
            goal = "15 times Salt" if minions == 500 else ""
            name = f"returns, {minions:,} minions"
            yield Seen(what=name, unit="/s", value=flood["per_second"], more=True, goal=goal)
            if minions == 500:
                used = cpu_seconds(house.pids()) - before
                yield Seen(
                    what="master's CPU, a sign-in and its share of returns",
                    unit="ms",
                    value=used * 1000 / (accepted + sign_in["attempts"]),
                    more=False,
                )
