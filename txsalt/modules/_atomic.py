"""
Replace a file's content so that every reader sees either the old or the new one.

The content is written to a temporary file in the same folder, flushed to disk and renamed onto the
old file, whose owner, mode and extended attributes it takes over. Symbolic links are followed: the
link stays, its target is replaced. Where a rename cannot do (the file has hard links, is mounted on
its own, is a device or in /proc, or its folder is closed to us), the content is complete before the
file itself is overwritten.
"""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from typing import IO

_CLOSED_FOLDER = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)
_CANNOT_RENAME = (errno.EBUSY, errno.EXDEV, errno.EPERM, errno.EACCES)
_LONGEST_PREFIX = 60  # characters; names have at most 255 bytes, also in other alphabets


@contextlib.contextmanager
def replacing(
    path: str, *, follow: bool = True, keep_links: bool = True, new_mode: int | None = None
) -> Iterator[IO[bytes]]:
    """
    Give a binary file to write to, whose content becomes that of ``path`` at the end.

    If the block raises, nothing happens to ``path``. With ``follow`` False a symbolic link itself
    is replaced; with ``keep_links`` False other hard links keep the old content. A file that is new
    gets ``new_mode``, by default what the umask leaves of 0666. Raises OSError.
    """
    target = os.path.realpath(path) if follow else os.path.abspath(path)
    before = _status(target)
    with _place_to_write(target, before, keep_links) as file:
        yield file
        file.flush()
        if isinstance(file.name, str):
            _put_in_place(file, target, before, new_mode)
        else:
            _overwrite(file, target)


def write_whole(path: str, content: bytes, *, new_mode: int | None = None) -> None:
    """Replace the content of ``path``, which may be new. Raises OSError."""
    with replacing(path, new_mode=new_mode) as file:
        file.write(content)


def copy_whole(source: str, path: str, *, follow: bool = True, new_mode: int | None = None) -> None:
    """Replace the content of ``path`` by that of another file. Raises OSError."""
    with open(source, "rb") as content, replacing(path, follow=follow, new_mode=new_mode) as file:
        shutil.copyfileobj(content, file, 1 << 20)


def keep_beside(path: str, copy: str) -> None:
    """
    Copy a file with owner, mode and times to ``copy``, all of it or nothing.

    What has that name is replaced, also a link: followed, one that a user made in a folder of
    theirs would lead us to any file. Raises OSError.
    """
    target = os.path.abspath(copy)
    file = _beside(target)
    try:
        with open(path, "rb") as content, file:
            status = os.fstat(content.fileno())
            shutil.copyfileobj(content, file, 1 << 20)
            file.flush()
            _take_over(file.fileno(), path, status)
            os.utime(file.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
            os.fsync(file.fileno())
            os.replace(file.name, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file.name)
    _sync_folder(os.path.dirname(target))


def umask() -> int:
    """Give the mask of this process; a job has one thread, so that nobody sees it change."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _place_to_write(
    target: str, before: os.stat_result | None, keep_links: bool
) -> Iterator[IO[bytes]]:
    """Give a file beside the target, or one without a name if the target must be overwritten."""
    file = None
    if _may_rename(before, keep_links):
        try:
            file = _beside(target)
        except OSError as exc:
            if before is None or exc.errno not in _CLOSED_FOLDER:
                raise
    if file is None:
        with tempfile.TemporaryFile() as unnamed:
            yield unnamed
        return
    try:
        with file:
            yield file
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file.name)


def _may_rename(before: os.stat_result | None, keep_links: bool) -> bool:
    if before is None:
        return True
    if stat.S_ISLNK(before.st_mode):
        return True
    return stat.S_ISREG(before.st_mode) and (before.st_nlink == 1 or not keep_links)


def _beside(target: str) -> IO[bytes]:
    folder, name = os.path.split(target)
    try:
        descriptor, path = tempfile.mkstemp(prefix=f".{name[:_LONGEST_PREFIX]}.", dir=folder)
    except OSError as exc:
        exc.filename = target  # the name of the temporary file tells the user nothing
        raise
    os.close(descriptor)
    return open(path, "r+b")


def _put_in_place(
    file: IO[bytes], target: str, before: os.stat_result | None, new_mode: int | None
) -> None:
    descriptor = file.fileno()
    if before is None or stat.S_ISLNK(before.st_mode):
        os.fchmod(descriptor, 0o666 & ~umask() if new_mode is None else new_mode)
    else:
        _take_over(descriptor, target, before)
    os.fsync(descriptor)
    try:
        os.replace(file.name, target)
    except OSError as exc:
        if exc.errno not in _CANNOT_RENAME or before is None:
            raise
        _overwrite(file, target)
        return
    _sync_folder(os.path.dirname(target))


def _take_over(descriptor: int, target: str, before: os.stat_result) -> None:
    with contextlib.suppress(PermissionError):  # only root can give files away
        os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
    # Access lists and labels; a file system without any of them refuses the question.
    with contextlib.suppress(OSError):
        for name in os.listxattr(target):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(target, name))


def _overwrite(file: IO[bytes], target: str) -> None:
    file.seek(0)
    with open(target, "r+b" if os.path.isfile(target) else "wb", buffering=0) as place:
        regular = stat.S_ISREG(os.fstat(place.fileno()).st_mode)
        written = 0
        while block := file.read(1 << 20):
            view = memoryview(block)
            while view:
                count = place.write(view)
                view = view[count:]
                written += count
        if regular:
            with contextlib.suppress(OSError):  # files of /proc and /sys have no length
                place.truncate(written)
            with contextlib.suppress(OSError):
                os.fsync(place.fileno())


def _sync_folder(folder: str) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None
