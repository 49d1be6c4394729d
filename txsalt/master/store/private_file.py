"""
Write files that hold keys: whole or not at all, and never readable by others on the way.
"""

import contextlib
import os
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
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
        give_to_owner_of(parent, path)


def give_to_owner_of(folder: str, made: int | str) -> None:
    """
    Give root's file or folder (its descriptor or path) to whom ``folder`` belongs.

    Root may work on the files of a master that runs as another user, who must go on reading and
    writing them. Does nothing for others than root.
    """
    if os.geteuid() != 0:
        return
    owner = os.stat(folder or ".")
    if not owner.st_uid:
        return
    if isinstance(made, int):
        if os.fstat(made).st_uid == 0:
            os.fchown(made, owner.st_uid, owner.st_gid)
    elif os.lstat(made).st_uid == 0:
        os.lchown(made, owner.st_uid, owner.st_gid)
