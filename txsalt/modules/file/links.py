"""
Symbolic and hard links.

Source: Salt 3008.3, modules/file.py.
"""

import os
import tempfile

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules.file._paths import absolute, expand, explained


def is_link(path: str, nostat: bool = False) -> bool:
    """
    Tell whether a path is a symbolic link; ``nostat`` asks the folder, not the path.

    CLI Example: txsalt-cli '*' file.is_link /path/to/link
    """
    if not nostat:
        return os.path.islink(expand(path))
    folder, name = os.path.split(path)
    with explained("cannot list"), os.scandir(folder or ".") as entries:
        return any(entry.name == name and entry.is_symlink() for entry in entries)


def is_hardlink(path: str) -> bool:
    """
    Tell whether a file has more than one name.

    CLI Example: txsalt-cli '*' file.is_hardlink /path/to/link
    """
    try:
        return os.lstat(absolute(path)).st_nlink > 1
    except OSError:
        return False


def link(src: str, path: str) -> bool:
    """
    Give a file a second name: a hard link.

    CLI Example: txsalt-cli '*' file.link /path/to/file /path/to/link
    """
    with explained("cannot link"):
        os.link(absolute(src), expand(path))
    return True


def symlink(src: str, path: str, force: bool = False, atomic: bool = False,
            follow_symlinks: bool = True) -> bool:  # fmt: skip
    """
    Make a symbolic link at ``path`` that points to ``src``.

    What is at the path already is an error, unless it is that link; ``force`` and
    ``atomic`` replace it, in one step. With follow_symlinks a link to nothing counts as nothing.

    CLI Example: txsalt-cli '*' file.symlink /path/to/file /path/to/link
    """
    path = absolute(path)
    is_there = os.path.exists if follow_symlinks else os.path.lexists
    if os.path.islink(path):
        if os.path.normpath(os.readlink(path)) == os.path.normpath(src):
            return True
        if not force and not atomic:
            raise CommandExecutionError(f"{path} is a link to somewhere else")
    elif is_there(path) and not force and not atomic:
        raise CommandExecutionError(f"{path} exists, and is no link")
    with explained("cannot make the link"):
        if atomic or (force and os.path.lexists(path)):
            _replace_by_link(src, path)  # never is there neither of them
            return True
        os.symlink(src, path)
    return True


def readlink(path: str, canonicalize: bool = False) -> str:
    """
    Return where a link points; with ``canonicalize`` the path at the end of all links.

    CLI Example: txsalt-cli '*' file.readlink /path/to/link
    """
    path = absolute(os.path.expandvars(path))
    if not os.path.islink(path):
        raise SaltInvocationError(f"{path} is no link")
    return os.path.realpath(path) if canonicalize else os.readlink(path)


def _replace_by_link(src: str, path: str) -> None:
    # A folder of our own beside the link: nobody else can take the name before us.
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path), prefix=".link.") as folder:
        temporary = os.path.join(folder, "link")
        os.symlink(src, temporary)
        os.replace(temporary, path)
