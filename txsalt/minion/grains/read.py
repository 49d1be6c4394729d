"""
Read small files and short commands for grains; what is not there is empty, not an error.
"""

import shutil
import subprocess
from pathlib import Path

COMMAND_LIMIT = 5.0  # seconds


def text(path: str | Path) -> str:
    """Give the text of a file; "" if it cannot be read."""
    try:
        return Path(path).read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def pairs(path: str | Path, separator: str = ":") -> list[tuple[str, str]]:
    """Give the lines of a file as stripped (name, value), without those that have no separator."""
    split = (line.partition(separator) for line in text(path).splitlines())
    return [(name.strip(), value.strip()) for name, found, value in split if found]


def output(*argv: str) -> str | None:
    """
    Give the standard output of a command, stripped.

    None if the command is not there, fails, or takes longer than COMMAND_LIMIT.
    """
    program = shutil.which(argv[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
