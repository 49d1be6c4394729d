"""
A note of a key tool to the master: a key was removed, replace the shared key.

It is left beside the event, since nobody may be listening; the master removes it when it has
rotated.

Source: PROTOCOL section 8.2.
"""

import os
from contextlib import suppress

NAME = ".dfn"


def leave(cachedir: str) -> None:
    """Leave the note. Raises OSError if the folder is there but cannot be written."""
    if not os.path.isdir(cachedir):
        return  # a master that never ran has given its key to nobody
    with suppress(FileExistsError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(os.path.join(cachedir, NAME), flags, 0o400))
