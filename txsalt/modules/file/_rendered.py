"""
Temporary files with what templates of managed files became.

Salt's own states, as guests, remove files of this name when they are done with them.
"""

import contextlib
import os
import tempfile

_PREFIX = "__salt.tmp."


def keep(content: bytes) -> str:
    """Write a temporary file that only this user can read; give its path. Raises OSError."""
    descriptor, path = tempfile.mkstemp(prefix=_PREFIX)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
    except OSError:
        os.unlink(path)
        raise
    return path


def discard(path: object) -> None:
    """Remove a file of ``keep``; nothing else, and nothing that is gone."""
    ours = os.path.join(tempfile.gettempdir(), _PREFIX)
    if isinstance(path, str) and path.startswith(ours):
        with contextlib.suppress(OSError):
            os.unlink(path)
