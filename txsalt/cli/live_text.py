"""
Show on stderr what the commands of a job write while they run: whole lines, each after its minion.

The returns on stdout hold it all again, for programs and for who looks later.
"""

import sys
from collections.abc import Iterator
from typing import Any, TextIO  # event data is any msgpack value

from attrs import define, field


@define
class LiveText:
    """The lines of one job, to ``stream``."""

    stream: TextIO = field(factory=lambda: sys.stderr)
    _open: dict[tuple[str, str], str] = field(init=False, factory=dict)

    def told(self, minion: str, data: dict[str, Any]) -> None:
        """Take a chunk (see ``minion/jobrunner/live.py``), or an item of a function's result."""
        if "text" not in data:
            self._write(minion, [str(data.get("return"))])
            return
        if data.get("left_out"):
            self._write(minion, [f"[{data['left_out']} bytes more]"])
        key = (minion, str(data.get("channel")))
        *whole, rest = (self._open.get(key, "") + str(data["text"])).split("\n")
        self._open[key] = rest
        self._write(minion, whole)

    def ended(self, minion: str) -> None:
        """Write the last lines of a minion, which have no end."""
        self._write(minion, list(self._rests(minion)))

    def _rests(self, minion: str) -> Iterator[str]:
        for key in [key for key in self._open if key[0] == minion]:
            rest = self._open.pop(key)
            if rest:
                yield rest

    def _write(self, minion: str, lines: list[str]) -> None:
        for line in lines:
            self.stream.write(f"{minion} | {line.removesuffix(chr(13))}\n")
        self.stream.flush()
