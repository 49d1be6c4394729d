"""
Read files of the kernel.
"""

from pathlib import Path

from txsalt.jobs.errors import CommandExecutionError


def read_proc(path: str, missing: str | None = None) -> str:
    """
    Read a file of /proc.

    Gives ``missing`` if the kernel has no such file; without it, raises CommandExecutionError.
    """
    try:
        return Path(path).read_text(errors="replace")
    except FileNotFoundError as exc:
        if missing is not None:
            return missing
        raise CommandExecutionError(f"this kernel has no {path}") from exc
    except OSError as exc:
        raise CommandExecutionError(f"{path} cannot be read: {exc.strerror}") from exc


def number(text: str) -> int | float | str:
    """Give the number that a text is, or the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
