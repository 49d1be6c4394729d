"""
Read and change the text files of the system, such as /etc/hosts, without harm to them.

Bytes that are not UTF-8 and ends of lines other than line feeds come back as they were. A file is
written whole or not at all, also where it is a mount of its own, as in containers: a full disk
leaves the old one.
"""

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import write_whole


def read_text(path: str, missing: str | None = None) -> str:
    """
    Read a file; ``missing`` is given if there is none.

    Bytes that are not UTF-8 become lone surrogates. Raises CommandExecutionError.
    """
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except OSError as exc:
        if missing is not None and isinstance(exc, FileNotFoundError):
            return missing
        raise CommandExecutionError(f"{path} cannot be read: {exc.strerror or exc}") from exc


def write_text(path: str, text: str) -> None:
    """Write a file that ``read_text`` read, or a new one. Raises CommandExecutionError."""
    try:
        write_whole(path, text.encode("utf-8", "surrogateescape"))
    except OSError as exc:
        raise CommandExecutionError(f"{path} cannot be written: {exc.strerror or exc}") from exc


def lines_of(text: str) -> list[str]:
    """Give the lines with their ends; only line feeds end them."""
    lines = text.split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]
