"""The table that a run prints: medians, spread, and how many times better ours is."""

from benchmarks.figures import OURS, Book, Row


def draw(book: Book, titles: dict[str, str]) -> str:
    """Return the table; ``titles`` maps house to the head of its column, ours first."""
    others = [name for name in titles if name != OURS]
    head = ["", "unit", *titles.values(), *(f"x {titles[name]}" for name in others), "goal"]
    lines = [head]
    for row in book.rows.values():
        cells = [_value(row, name) for name in titles]
        lines.append(
            [row.what, row.unit, *cells, *(_ratio(row, name) for name in others), row.goal]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    drawn = [_line(line, widths) for line in lines]
    drawn.insert(1, "-" * len(drawn[0]))
    return "\n".join(drawn)


def number(value: float) -> str:
    """Write three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _value(row: Row, house: str) -> str:
    median = row.median(house)
    if median is None:
        return "-"
    if len(row.values[house]) == 1:
        return f"{number(median)}     "  # seen once, which tells nothing of the spread
    return f"{number(median)} ±{row.spread(house) * 100:.0f}%"


def _ratio(row: Row, other: str) -> str:
    ratio = row.ratio(other)
    return "-" if ratio is None else f"{ratio:.1f}"


def _line(cells: list[str], widths: list[int]) -> str:
    texts = [
        cell.ljust(width) if place in (0, 1, len(cells) - 1) else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(texts).rstrip()
