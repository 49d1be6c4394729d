"""
Paths as users give them, and errors of the system as sentences.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


def expand(path: str | os.PathLike[str]) -> str:
    """Replace ``~`` at the front by a home folder."""
    return os.path.expanduser(os.fspath(path))


def absolute(path: str | os.PathLike[str]) -> str:
    """Expand a path. Raises SaltInvocationError if it is relative: jobs have no folder."""
    expanded = expand(path)
    if not os.path.isabs(expanded):
        raise SaltInvocationError(f"{path}: give a path that begins with /")
    return expanded


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """
    Turn what the system refuses into CommandExecutionError; ``doing`` is such as "cannot read".
    """
    try:
        yield
    except OSError as exc:
        where = ": ".join(str(each) for each in (exc.filename, exc.filename2) if each is not None)
        raise CommandExecutionError(
            f"{doing}{f' {where}' if where else ''}: {exc.strerror or exc}"
        ) from exc


def octal(mode: object) -> str | None:
    """Write a mode as four octal digits, such as "0644"; None stays None."""
    if mode is None:
        return None
    text = str(mode).replace("0o", "0").strip("\"'")
    return text.lstrip("0").zfill(4)


def mode_number(mode: object) -> int:
    """Read a mode, given as octal digits: text, or a number that looks so. Raises ValueError."""
    return int(str(mode).lstrip("0Oo") or "0", 8)
