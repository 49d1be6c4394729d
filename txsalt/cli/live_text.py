"""
Show on stderr what the commands of a job write while they run: whole lines, each after its minion.

The returns on stdout hold it all again, for programs and for who looks later.
"""

import sys
from typing import Any, TextIO  # event data is any msgpack value

from txsalt.light import define, field
from txsalt.outputters.text import printable

Chunk = dict[str, Any]

# What waits of one minion for a chunk before it: more of it means that the chunk was lost.
_MOST_EARLY = 32  # chunks; minions send one at a time, and workers take turns
_MOST_CHARACTERS = 4 * 1024 * 1024
_LONGEST_LINE = 256 * 1024  # characters; a longer one is shown in pieces


@define
class _Minion:
    """What is told of one minion."""

    next: int = 0
    early: dict[int, Chunk] = field(factory=dict)
    waiting: int = 0  # characters in ``early``
    open_lines: dict[str, str] = field(factory=dict)  # by channel


@define
class LiveText:
    """The lines of one job, to ``stream``."""

    stream: TextIO = field(factory=lambda: sys.stderr)
    _minions: dict[str, _Minion] = field(init=False, factory=dict)

    def told(self, minion: str, data: Chunk) -> None:
        """Take a chunk (see ``minion/jobrunner/live.py``), or an item of a function's result."""
        number = data.get("number")
        if "text" not in data or not isinstance(number, int) or number < 0:
            self._write(minion, [str(data.get("return"))])
            return
        known = self._minions.setdefault(minion, _Minion())
        if number < known.next or number in known.early:
            return  # each number is sent once; what was given up is not shown out of its place
        known.early[number] = data
        known.waiting += len(str(data["text"]))
        self._go_on(minion, known)
        # The master's workers take turns: what one of them was given later may be heard first.
        while len(known.early) > _MOST_EARLY or known.waiting > _MOST_CHARACTERS:
            known.next = min(known.early)
            self._go_on(minion, known)

    def ended(self, minion: str) -> None:
        """Write what is left of a minion: after a chunk that was lost, and lines without end."""
        known = self._minions.pop(minion, None)
        if known is None:
            return
        for number in sorted(known.early):
            self._show(minion, known, known.early[number])
        self._write(minion, [rest for rest in known.open_lines.values() if rest])

    def _go_on(self, minion: str, known: _Minion) -> None:
        while known.next in known.early:
            data = known.early.pop(known.next)
            known.waiting -= len(str(data["text"]))
            known.next += 1
            self._show(minion, known, data)

    def _show(self, minion: str, known: _Minion, data: Chunk) -> None:
        if data.get("left_out"):
            self._write(minion, [f"[{data['left_out']} bytes more]"])
        channel = "stderr" if data.get("channel") == "stderr" else "stdout"
        *whole, rest = (known.open_lines.get(channel, "") + str(data["text"])).split("\n")
        if len(rest) > _LONGEST_LINE:
            whole.append(rest)
            rest = ""
        known.open_lines[channel] = rest
        self._write(minion, whole)

    def _write(self, minion: str, lines: list[str]) -> None:
        for line in lines:
            # Made safe, as results are: no minion steers the terminal of an operator.
            self.stream.write(printable(f"{minion} | {line.removesuffix(chr(13))}") + "\n")
        self.stream.flush()
