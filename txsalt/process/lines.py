"""
Cut what a program printed into lines for the log.
"""

from collections.abc import Callable

LONGEST_LINE = 8192  # bytes; longer ones are cut, so that no output can fill the memory


class Lines:
    """Collect bytes in any portions; give each line, without its end, as text."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        """``on_line`` gets no empty lines."""
        self._on_line = on_line
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._give(line)
        while len(self._rest) >= LONGEST_LINE:
            self._give(self._rest[:LONGEST_LINE])
            self._rest = self._rest[LONGEST_LINE:]

    def end(self) -> None:
        """Give what is left without a line end."""
        rest, self._rest = self._rest, b""
        self._give(rest)

    def _give(self, line: bytes) -> None:
        text = line.rstrip(b"\r").decode("utf-8", "backslashreplace")
        if text:
            self._on_line(text)
