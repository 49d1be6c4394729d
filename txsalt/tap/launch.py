"""
Tell the terminal whether the daemon came up.

Interactions: twistd, on its way to the background, leaves a process at the terminal that waits for
one message in a pipe: "0", or "1 " and the reason. twistd itself writes the "0" once our services
were told to start, which says nothing about ports and keys; so the pipe is taken from it, and
written to when all of them run, or one could not. A reason that is too long for that process is
written to the terminal itself, before it.
"""

import os
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any  # twistd's options are a dict of any values

_PIPE = "statusPipe"
_MOST_BYTES = 100  # what the process at the terminal reads
_STDERR = 2


class Launch:
    """One start. Only the first outcome is told; in the foreground nobody waits for it."""

    def __init__(
        self, twistd: MutableMapping[str, Any] | None, terminal: int | None = None
    ) -> None:
        """
        ``twistd`` are twistd's own options; ``terminal`` is where long reasons go, our own
        standard error unless given, which twistd closes on its way to the background.
        """
        self.twistd = twistd
        self._pipe: int | None = None
        self._terminal = terminal
        if terminal is None and twistd is not None and not twistd.get("nodaemon"):
            with suppress(OSError):
                self._terminal = os.dup(_STDERR)  # no program that we start inherits it

    def begin(self) -> None:
        """Take the pipe; from now on ``succeeded`` or ``failed`` must be called."""
        if self.twistd is not None:
            self._pipe = self.twistd.pop(_PIPE, None)

    def succeeded(self) -> None:
        """Let the terminal go on with exit code 0."""
        self._tell(b"0")

    def failed(self, reason: str) -> None:
        """Say why at the terminal, and let it go on with exit code 1."""
        outcome = f"1 {reason}".encode("ascii", "backslashreplace")
        if len(outcome) > _MOST_BYTES and self._pipe is not None and self._terminal is not None:
            with suppress(OSError):
                os.write(self._terminal, f"cannot start: {reason}\n".encode())
        self._tell(outcome[:_MOST_BYTES])

    def _tell(self, outcome: bytes) -> None:
        terminal, self._terminal = self._terminal, None
        if terminal is not None:
            os.close(terminal)
        pipe, self._pipe = self._pipe, None
        if pipe is None:
            return
        with suppress(OSError):  # the terminal may have been closed meanwhile
            os.write(pipe, outcome)
        os.close(pipe)
