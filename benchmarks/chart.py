"""
A bar chart as SVG, written by hand: for each figure, how many times better ours is than Salt.

A bar of length 1 is Salt itself; the scale is logarithmic, so that twice as good and half as good
are equally far from it.
"""

import math
from xml.sax.saxutils import escape

from benchmarks.figures import OURS, Book
from benchmarks.table import number

_WIDTH, _LABELS, _MARGIN = 920, 330, 20
_BAR, _GAP, _HEAD = 13, 12, 70
_COLORS = ("#2f6f9f", "#d08a2e", "#6a9f58")
_FONT = 'font-family="DejaVu Sans, Verdana, sans-serif"'
_TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def draw(book: Book, titles: dict[str, str]) -> str:
    """Return the whole document; ``titles`` maps each house to its name for people."""
    others = [name for name in titles if name != OURS]
    rows = [
        (row, [(name, ratio) for name in others if (ratio := row.ratio(name)) is not None])
        for row in book.rows.values()
    ]
    rows = [(row, ratios) for row, ratios in rows if ratios]
    most = max((ratio for _, ratios in rows for _, ratio in ratios), default=10)
    least = min((ratio for _, ratios in rows for _, ratio in ratios), default=1)
    scale = _Scale(min(least, 0.8), max(most * 1.4, 2))
    height = _HEAD + sum(len(ratios) * _BAR + _GAP for _, ratios in rows) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}"'
        f' viewBox="0 0 {_WIDTH} {height}" {_FONT} font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_MARGIN, 24, "How many times better than Salt", size=16, weight="bold"),
        *_legend(others, titles),
        *_ticks(scale, height),
    ]
    y = float(_HEAD)
    for row, ratios in rows:
        ours = row.median(OURS) or 0
        label = f"{row.what}: {number(ours)} {row.unit}"
        middle = y + len(ratios) * _BAR / 2 + 4
        parts.append(_text(_LABELS - 8, middle, label, anchor="end", size=11))
        for name, ratio in ratios:
            parts += _bar(scale, y, ratio, _COLORS[others.index(name) % len(_COLORS)])
            y += _BAR
        y += _GAP
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = math.log(least), math.log(most)

    def x(self, ratio: float) -> float:
        share = (math.log(ratio) - self._least) / (self._most - self._least)
        return _LABELS + share * (_WIDTH - _MARGIN - 40 - _LABELS)

    def holds(self, ratio: float) -> bool:
        return self._least <= math.log(ratio) <= self._most


def _bar(scale: _Scale, y: float, ratio: float, color: str) -> list[str]:
    zero, end = scale.x(1), scale.x(ratio)
    left, width = min(zero, end), max(1.0, abs(end - zero))
    return [
        f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}"'
        f' height="{_BAR - 2}" fill="{color}"/>',
        _text(max(zero, end) + 4, y + _BAR - 3, f"{ratio:.1f}", size=10),
    ]


def _legend(others: list[str], titles: dict[str, str]) -> list[str]:
    parts = []
    for place, name in enumerate(others):
        x = _LABELS + place * 150
        color = _COLORS[place % len(_COLORS)]
        parts.append(f'<rect x="{x}" y="34" width="11" height="11" fill="{color}"/>')
        parts.append(_text(x + 16, 44, f"than {titles[name]}"))
    return parts


def _ticks(scale: _Scale, height: int) -> list[str]:
    parts = []
    for tick in filter(scale.holds, _TICKS):
        x, color = scale.x(tick), "#888888" if tick == 1 else "#e4e4e4"
        parts.append(
            f'<line x1="{x:.1f}" y1="{_HEAD - 8}"'
            f' x2="{x:.1f}" y2="{height - 24}" stroke="{color}"/>'
        )
        parts.append(_text(x, height - 10, f"{tick:g}", anchor="middle", size=10))
    return parts


def _text(
    x: float, y: float, text: str, *, size: int = 12, anchor: str = "start", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
        f' font-weight="{weight}" fill="#222222">{escape(text)}</text>'
    )
