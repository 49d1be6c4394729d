"""
Write files that hold keys: whole or not at all, and never readable by others on the way.
"""

import contextlib
import os
import tempfile


def write_private(path: str, content: bytes, mode: int = 0o600) -> None:
    """
    Replace ``path`` by ``content`` in one step; a reader sees the old file or the new one.

    A symbolic link is replaced, not followed.
    """
    folder = os.path.dirname(path)
    descriptor, waiting = tempfile.mkstemp(prefix=".new-", dir=folder)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(waiting, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(waiting)
        raise


def make_private_folder(path: str) -> None:
    """Make a folder with mode 0700 unless it exists; its parents get the usual mode."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
