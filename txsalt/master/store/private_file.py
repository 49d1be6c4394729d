"""
Write files that hold keys: whole or not at all, and never readable by others on the way.
"""

import contextlib
import os
import stat
import tempfile


def write_private(path: str, content: bytes, mode: int = 0o600) -> None:
    """
    Replace ``path`` by ``content`` in one step; a reader sees the old file or the new one.

    A symbolic link is replaced, not followed. What root writes belongs to the folder's owner.
    """
    folder = os.path.dirname(path)
    descriptor, waiting = tempfile.mkstemp(prefix=".new-", dir=folder)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            give_to_owner_of(folder, file.fileno())
            file.flush()
            os.fsync(file.fileno())
        os.replace(waiting, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(waiting)
        raise


def make_private_folder(path: str) -> None:
    """
    Make a folder with mode 0700 unless it exists; its parents get the usual mode.

    One that root makes belongs to the owner of the folder that it lies in.
    """
    parent = os.path.dirname(os.path.abspath(path))
    os.makedirs(parent, exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        give_to_owner_of(parent, descriptor)
    finally:
        os.close(descriptor)


def give_to_owner_of(folder: str, descriptor: int) -> None:
    """
    Give root's open file or folder to whom ``folder`` belongs; do nothing for others than root.

    Root may work on the files of a master that runs as another user, who must go on reading and
    writing them. A file with a second name is left alone: that user may have put the first one
    here, to get at the other.
    """
    if os.geteuid() != 0:
        return
    owner, status = os.stat(folder or "."), os.fstat(descriptor)
    if status.st_uid or not owner.st_uid:
        return
    if stat.S_ISDIR(status.st_mode) or status.st_nlink == 1:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def is_kept_from_owner_of(folder: str, path: str) -> bool:
    """Tell whether we are root, and the file is not of whom ``folder`` belongs to."""
    return os.geteuid() == 0 and os.lstat(path).st_uid != os.stat(folder).st_uid
