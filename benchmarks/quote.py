"""
``python -m benchmarks.quote``: write the figures that were measured into the documents.

A document says which: between ``<!-- measured`` and ``-->`` a line for each row, ``name = words for
it``, or none for the whole table as it was printed; up to ``<!-- /measured -->`` the rest is ours.
``--take FILE`` first takes the rows of another run over, with all their houses: so that one
scenario can be measured anew. ``tests/test_figures.py`` looks whether the documents are true.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any  # a JSON document

from attrs import frozen

from benchmarks import chart, table
from benchmarks.figures import OURS, Book, Row, Seen

HERE = Path(__file__).resolve().parent.parent
MEASURED = HERE / "docs" / "benchmarks.json"
_BLOCK = re.compile(r"(<!-- measured\n(.*?)-->\n)(.*?)(<!-- /measured -->)", re.DOTALL)


@frozen
class Measured:
    """What a run found: ``titles`` are houses with their names for people, ours first."""

    book: Book
    titles: dict[str, str]
    failures: tuple[str, ...] = ()


def main(arguments: list[str]) -> int:
    """Write the documents anew."""
    parser = argparse.ArgumentParser(prog="benchmarks.quote", description=__doc__)
    parser.add_argument("--take", type=Path, action="append", default=[], help="a run's JSON file")
    found = json.loads(MEASURED.read_text())
    for path in parser.parse_args(arguments).take:
        found = taken(found, json.loads(path.read_text()))
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")
    measured = read(found)
    MEASURED.with_suffix(".svg").write_text(chart.draw(measured.book, measured.titles))
    for document in documents():
        text = document.read_text()
        if (true := rewritten(text, measured)) != text:
            document.write_text(true)
            print(document.relative_to(HERE))
    return 0


def documents() -> list[Path]:
    """Return what may quote figures."""
    return [HERE / "README.md", HERE / "benchmarks" / "README.md", *sorted(HERE.glob("docs/*.md"))]


def read(found: dict[str, Any]) -> Measured:
    """Read a run's JSON document."""
    book = Book()
    for row in found["rows"]:
        for house, values in row["values"].items():
            for value in values:
                more = row["better"] == "more"
                seen = Seen(
                    what=row["what"], unit=row["unit"], value=value, more=more, goal=row["goal"]
                )
                book.add(house, seen)
    return Measured(book, found["titles"], tuple(found.get("failures", ())))


def taken(found: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Return a run with the rows of a later one in the place of its own, new ones at the end."""
    rows = {row["what"]: row for row in found["rows"]}
    rows.update((row["what"], row) for row in later["rows"])
    return {**found, "rows": list(rows.values())}


def rewritten(text: str, measured: Measured) -> str:
    """Return a document with true figures. Raises KeyError for a row that was not measured."""

    def block(match: re.Match[str]) -> str:
        head, wanted, _, end = match.groups()
        rows = [line.split(" = ", 1) for line in wanted.splitlines() if line.strip()]
        body = _some(rows, measured) if rows else _whole(measured)
        return f"{head}\n{body}\n\n{end}"

    return _BLOCK.sub(block, text)


def _whole(measured: Measured) -> str:
    lines = table.draw(measured.book, measured.titles).splitlines()
    lines += [f"not measured: {' '.join(failure.split())}" for failure in measured.failures]
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _some(wanted: Iterable[list[str]], measured: Measured) -> str:
    others = [house for house in measured.titles if house != OURS]
    names = [f"against {measured.titles[house]}" for house in others]
    lines = [["", measured.titles[OURS], *names], ["---"] * (len(others) + 2)]
    for what, words in wanted:
        row = measured.book.rows[what]
        lines.append([words, _value(row, OURS), *(_against(row, house) for house in others)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _value(row: Row, house: str) -> str:
    median = row.median(house)
    return "-" if median is None else f"{table.number(median)} {row.unit}"


def _against(row: Row, other: str) -> str:
    ratio = row.ratio(other)
    return "-" if ratio is None else f"{ratio:.1f} times ({_value(row, other)})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
