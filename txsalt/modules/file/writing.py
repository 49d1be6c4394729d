"""
Write to files: whole, at the end, at the front, in place.

Source: Salt 3008.3, modules/file.py.
"""

import os
import shutil
import time
from typing import Any  # users write whatever they typed

from txsalt.jobs.errors import SaltInvocationError
from txsalt.modules._atomic import replacing
from txsalt.modules.file._paths import expand, explained


def write(path: str, *args: Any, **kwargs: Any) -> str:
    """
    Write lines to a file in place of what it holds; ``args`` may be a list of lines.

    CLI Example: txsalt-cli '*' file.write /etc/motd "Welcome." args='["or", "so"]'
    """
    path, lines = expand(path), _lines(args, kwargs)
    with explained("cannot write"), replacing(path) as file:
        file.writelines(lines)
    return f'Wrote {len(lines)} lines to "{path}"'


def append(path: str, *args: Any, **kwargs: Any) -> str:
    """
    Add lines to the end of a file that exists; ``args`` may be a list of lines.

    If its last line has no line feed, it gets one first. The file is not replaced, so that a
    program which writes to it too goes on undisturbed.

    CLI Example: txsalt-cli '*' file.append /etc/motd "With all thine offerings."
    """
    path, lines = expand(path), _lines(args, kwargs)
    with explained("cannot append to"):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        with open(descriptor, "r+b", buffering=0) as file:
            start = b"\n" if _lacks_line_feed(descriptor) else b""
            data = memoryview(start + b"".join(lines))
            while data:
                data = data[file.write(data) :]
            os.fsync(descriptor)
    return f'Wrote {len(lines)} lines to "{path}"'


def prepend(path: str, *args: Any, **kwargs: Any) -> str:
    """
    Put lines at the front of a file, which may be new; ``args`` may be a list of lines.

    CLI Example: txsalt-cli '*' file.prepend /etc/motd "With all thine offerings."
    """
    path, lines = expand(path), _lines(args, kwargs)
    with explained("cannot write"), replacing(path) as file:
        file.writelines(lines)
        if os.path.exists(path):
            with open(path, "rb") as old:
                shutil.copyfileobj(old, file)
    return f'Prepended {len(lines)} lines to "{path}"'


def touch(name: str, atime: Any = None, mtime: Any = None) -> bool:
    """
    Make an empty file unless it is there, and set its times, by default to now.

    CLI Example: txsalt-cli '*' file.touch /var/log/emptyfile
    """
    name = expand(name)
    access_time, change_time = _seconds(atime), _seconds(mtime)
    with explained("cannot touch"):
        if not os.path.exists(name):
            with open(name, "ab"):
                pass
        if access_time is None and change_time is None:
            os.utime(name)
        else:
            now = time.time()
            os.utime(
                name,
                (
                    now if access_time is None else access_time,
                    now if change_time is None else change_time,
                ),
            )
    return os.path.exists(name)


def truncate(path: str, length: Any) -> None:
    """
    Cut a file, or fill it up with zeros, to a length in bytes.

    CLI Example: txsalt-cli '*' file.truncate /path/to/file 512
    """
    with explained("cannot truncate"), open(expand(path), "rb+") as file:
        file.truncate(int(length))


def seek_write(path: str, data: Any, offset: Any) -> int:
    """
    Write over a part of a file, from a byte on; return how many bytes were written.

    CLI Example: txsalt-cli '*' file.seek_write /path/to/file 'some data' 4096
    """
    content = data if isinstance(data, bytes) else str(data).encode()
    with explained("cannot write"):
        descriptor = os.open(expand(path), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.lseek(descriptor, int(offset), os.SEEK_SET)
            written = os.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return written


def _lines(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[bytes]:
    """Give the lines to write, ended; raises SaltInvocationError for unknown keywords."""
    given = {name: value for name, value in kwargs.items() if not name.startswith("__")}
    if "args" in given:
        listed = given.pop("args")
        args = tuple(listed) if isinstance(listed, list) else (listed,)
    if given:
        raise SaltInvocationError(f"unknown arguments: {', '.join(sorted(given))}")
    return [
        (line if isinstance(line, bytes) else str(line).encode("utf-8", "surrogateescape")) + b"\n"
        for line in args
    ]


def _lacks_line_feed(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _seconds(given: Any) -> float | None:
    if given is None:
        return None
    try:
        return int(given) if str(given).isdigit() else float(given)
    except (TypeError, ValueError):
        raise SaltInvocationError(f"{given!r} is no number of seconds") from None
