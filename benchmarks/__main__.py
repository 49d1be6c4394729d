"""
``python -m benchmarks``: measure txsalt and Salt side by side; print a table, write JSON and SVG.

Each round measures every house in turn, so that a noisy moment of the machine meets all of them.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

# Without their compiled files, modules are compiled at each start of a program: not what is
# measured here. Before anything reads the environment.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from benchmarks import chart, table
from benchmarks.figures import OURS, Book, Scenario, Size
from benchmarks.houses import House, title
from benchmarks.scenarios import (
    cli_wall,
    events,
    growth,
    memory,
    one_minion,
    publish_latency,
    publishes,
    returns,
    sign_ins,
    topics,
    warm_minion,
)
from tests.interop import environments

# The others need no master, or start masters of their own, when the shared one has ended.
SHARED_MASTER: tuple[ModuleType, ...] = (
    sign_ins, returns, cli_wall, publishes, publish_latency, events, one_minion,
)  # fmt: skip
OWN_MASTER: tuple[ModuleType, ...] = (memory, growth, topics, warm_minion)


def main(arguments: list[str]) -> int:
    """Measure what the options ask for; 0 if everything could be measured."""
    options = _parser().parse_args(arguments)
    houses, only = options.houses, options.only
    if not _build([house for house in houses if house != OURS]):
        return 1
    rounds = options.rounds or (1 if options.quick else 3)
    titles = {name: title(name) for name in houses}
    size = Size(quick=options.quick, repeats=2 if options.quick else 3)
    book = Book()
    begun = time.monotonic()
    interrupted = False
    try:
        for number in range(rounds):
            for name in houses:
                _say(f"round {number + 1} of {rounds}: {name}", begun)
                _measure(book, name, size, only, begun)
    except KeyboardInterrupt:
        interrupted = True
        book.fail("the run", "the rest", f"interrupted after {time.monotonic() - begun:.0f} s")
    print(table.draw(book, titles))
    print(f"{time.monotonic() - begun:.0f} s on {machine()}; better is a higher ratio.")
    for failure in book.failures:
        print(f"NOT MEASURED: {failure}")
    if interrupted:
        # What was seen is shown; files of a whole run, such as the documents' figures, stay.
        return 130
    _write(options, book, titles)
    return 1 if book.failures else 0


def machine() -> str:
    """Say on what kind of machine this is."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores of a machine with {platform.system()}, Python {platform.python_version()}"
    )


def _measure(book: Book, name: str, size: Size, only: list[str], begun: float) -> None:
    wanted = [part for part in SHARED_MASTER if not only or part.NAME in only]
    if wanted:
        try:
            with House(name) as house:
                for scenario in wanted:
                    _one(book, house, cast(Scenario, scenario), size, begun)
        except AssertionError as error:
            book.fail(name, "start", str(error))
    resting = House(name)  # never started: these scenarios start one like it
    try:
        for scenario in OWN_MASTER:
            if not only or scenario.NAME in only:
                _one(book, resting, cast(Scenario, scenario), size, begun)
    finally:
        resting.master.remove()


def _one(book: Book, house: House, scenario: Scenario, size: Size, begun: float) -> None:
    _say(f"  {scenario.NAME}", begun)
    anything = False
    try:
        for seen in scenario.measure(house, size):
            book.add(house.name, seen)
            anything = True
        if not anything:
            _say(f"  {scenario.NAME}: nothing of {house.name} in this run", begun)
    # One scenario that fails must not cost the others.
    except (AssertionError, OSError, subprocess.SubprocessError, KeyError) as error:
        reason = str(error) or type(error).__name__
        _say(f"  {scenario.NAME} failed: {reason}", begun)
        book.fail(house.name, scenario.NAME, reason[:400])


def _build(lines: list[str]) -> bool:
    if all(environments.is_ready(line) for line in lines):
        return True
    return environments.main(lines) == 0


def _write(options: argparse.Namespace, book: Book, titles: dict[str, str]) -> None:
    found: dict[str, Any] = {"machine": machine(), "titles": titles, **book.as_json(titles)}
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.svg:
        options.svg.parent.mkdir(parents=True, exist_ok=True)
        options.svg.write_text(chart.draw(book, titles))


def _say(text: str, begun: float) -> None:
    print(f"[{time.monotonic() - begun:4.0f} s] {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "--full", dest="quick", action="store_false", help="all sizes, three rounds"
    )
    known, names = [OURS, "3008", "3006"], [part.NAME for part in (*SHARED_MASTER, *OWN_MASTER)]
    every = ",".join(known)
    parser.add_argument(
        "--houses", type=_some_of(known), default=every, help="default: %(default)s"
    )
    text = f"scenarios, of: {', '.join(names)}"
    parser.add_argument("--only", type=_some_of(names), default=[], help=text)
    parser.add_argument("--rounds", type=_rounds, help="how often every house has its turn")
    parser.add_argument("--json", type=Path, help="write all values to this file")
    parser.add_argument("--svg", type=Path, help="write a bar chart to this file")
    return parser


def _some_of(names: list[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        wanted = text.split(",")
        if unknown := [name for name in wanted if name not in names]:
            raise argparse.ArgumentTypeError(f"no such: {', '.join(unknown)}; {', '.join(names)}")
        return wanted

    return read


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("one or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
