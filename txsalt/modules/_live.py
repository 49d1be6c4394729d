"""
Read what a command writes as it comes, and pass it on, where ``communicate`` gives it at the end.
"""

import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Callable
from typing import IO

_CHUNK = 1 << 16

# (channel, data): "stdout" or "stderr"
Tell = Callable[[str, bytes], None]


def communicate(
    process: "subprocess.Popen[bytes]", given: bytes | None, timeout: float | None, tell: Tell
) -> tuple[bytes, bytes | None]:
    """
    Feed a command, read it to its end, and return both outputs, as ``Popen.communicate``.

    Raises subprocess.TimeoutExpired; the command runs on then.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    found: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    rest = memoryview(given or b"")
    with selectors.DefaultSelector() as selector:
        for channel in found:
            _register(selector, getattr(process, channel), selectors.EVENT_READ, channel)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            _register(selector, process.stdin, selectors.EVENT_WRITE, "stdin")
        while selector.get_map():
            for key, _ in selector.select(_left(process, deadline, timeout)):
                channel, file = key.data
                if channel == "stdin":
                    rest = _feed(key.fd, rest)
                    is_over = not rest
                else:
                    data = os.read(key.fd, _CHUNK)
                    is_over = not data
                    found[channel].append(data)
                    if data:
                        tell(channel, data)
                if is_over:
                    selector.unregister(file)
                    file.close()
    process.wait(_left(process, deadline, timeout))
    err = b"".join(found["stderr"]) if process.stderr is not None else None
    return b"".join(found["stdout"]), err


def _register(
    selector: selectors.BaseSelector, file: IO[bytes] | None, event: int, channel: str
) -> None:
    if file is not None:
        selector.register(file, event, (channel, file))


def _feed(descriptor: int, rest: memoryview) -> memoryview:
    """Write a part; a command that reads no more gets no more."""
    with contextlib.suppress(BlockingIOError):
        try:
            return rest[os.write(descriptor, rest[:_CHUNK]) :] if rest else rest
        except BrokenPipeError:
            return memoryview(b"")
    return rest


def _left(
    process: "subprocess.Popen[bytes]", deadline: float | None, timeout: float | None
) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise subprocess.TimeoutExpired(process.args, timeout or 0)
    return left
