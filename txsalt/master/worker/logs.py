"""
The worker's log: lines on standard error, which the daemon puts into its own.
"""

import logging
import sys

_FORMAT = "%(levelname)s %(name)s: %(message)s"
# Salt's words for levels, and what stands for them here.
_LEVELS = {
    "all": logging.DEBUG,
    "garbage": logging.DEBUG,
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "profile": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "quiet": logging.CRITICAL + 10,
}


class OneLineFormatter(logging.Formatter):
    """Gives each line of a traceback a head of its own, since each line is one entry there."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry, every line with level and name."""
        head = f"{record.levelname} {record.name}: "
        first, *rest = super().format(record).splitlines()
        return "\n".join([first, *(head + line for line in rest)])


def start(*level_names: str | None) -> None:
    """Log to standard error at the lowest of the levels given by Salt's names."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLineFormatter(_FORMAT))
    levels = [_LEVELS.get(name, logging.WARNING) for name in level_names if name]
    logging.basicConfig(handlers=[handler], level=min(levels, default=logging.WARNING), force=True)
