"""Times that a run collects, and how a report shows them."""

from attrs import define, field


@define
class Latencies:
    """Seconds that things took, for the report."""

    seconds: list[float] = field(factory=list)

    def add(self, seconds: float) -> None:
        """Note one."""
        self.seconds.append(seconds)

    def summary(self) -> dict[str, float | int]:
        """Return count and, in milliseconds, mean, percentiles and maximum."""
        ordered = sorted(self.seconds)
        if not ordered:
            return {"count": 0}
        shown: dict[str, float | int] = {
            "count": len(ordered),
            "mean_ms": _ms(sum(ordered) / len(ordered)),
        }
        for percent in (50, 90, 99):
            shown[f"p{percent}_ms"] = _ms(
                ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
            )
        shown["max_ms"] = _ms(ordered[-1])
        return shown


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
