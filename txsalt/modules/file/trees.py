"""
Make, copy, move and remove files and folders.

Source: Salt 3008.3, modules/file.py.
"""

import glob
import os
import shutil
import time
from typing import Any  # users pass names or numbers

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._atomic import copy_whole
from txsalt.modules.file._paths import absolute, expand, explained, octal
from txsalt.modules.file.attributes import get_mode, stats
from txsalt.modules.file.permissions import check_perms

_DAY = 86400


def directory_exists(path: str) -> bool:
    """
    Tell whether a path is a folder, or a link to one.

    CLI Example: txsalt-cli '*' file.directory_exists /etc
    """
    return os.path.isdir(expand(path))


def file_exists(path: str) -> bool:
    """
    Tell whether a path is a regular file, or a link to one.

    CLI Example: txsalt-cli '*' file.file_exists /etc/passwd
    """
    return os.path.isfile(expand(path))


def path_exists_glob(path: str) -> bool:
    """
    Tell whether a shell pattern matches anything.

    CLI Example: txsalt-cli '*' file.path_exists_glob '/etc/pam*/pass*'
    """
    return next(glob.iglob(expand(path)), None) is not None


def readdir(path: str) -> list[str]:
    """
    List the names in a folder, with "." and "..".

    CLI Example: txsalt-cli '*' file.readdir /etc
    """
    path = absolute(path)
    if not os.path.isdir(path):
        raise SaltInvocationError(f"{path} is no folder")
    with explained("cannot list"):
        return [".", "..", *os.listdir(path)]


def diskusage(path: str) -> int:
    """
    Return the bytes of a file, or of all files in a folder; several names of one file count once.

    CLI Example: txsalt-cli '*' file.diskusage /path/to/check
    """
    path = expand(path)
    if os.path.isfile(path):
        return os.stat(path).st_size
    total, seen = 0, set()
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                status = os.stat(os.path.join(folder, name))
            except OSError:
                continue  # gone meanwhile, or a link to nothing
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_size
    return total


def mkdir(dir_path: str, user: Any = None, group: Any = None, mode: Any = None) -> bool:
    """
    Make a folder and those above it, with owner, group and mode; it may exist.

    CLI Example: txsalt-cli '*' file.mkdir /opt/jetty/context
    """
    folder = os.path.normpath(expand(dir_path))
    if not os.path.isdir(folder):
        makedirs_perms(folder, user, group, mode)
    return True


def makedirs(path: str, user: Any = None, group: Any = None, mode: Any = None) -> str | None:
    """
    Make the folders above a path: /opt/code/ with a slash at its end makes /opt/code too.

    Returns None, or a text if there is nothing to make.

    CLI Example: txsalt-cli '*' file.makedirs /opt/code/
    """
    folder = os.path.normpath(os.path.dirname(expand(path)))
    if os.path.isdir(folder):
        return f"Directory '{folder}' already exists"
    if os.path.exists(folder):
        return f"The path '{folder}' already exists and is not a directory"
    if not os.path.isabs(folder):
        raise SaltInvocationError(f"{path}: give a path that begins with /")
    mkdir(folder, user, group, octal(mode) if mode else None)
    return None


def makedirs_perms(name: str, user: Any = None, group: Any = None, mode: Any = "0755") -> None:
    """
    Make a folder that is not there and those above it, with owner, group and mode.

    CLI Example: txsalt-cli '*' file.makedirs_perms /opt/code
    """
    path = os.path.normpath(expand(name))
    missing = []
    while path and not os.path.exists(path):
        missing.append(path)
        path = os.path.dirname(path)
    with explained("cannot make the folder"):
        if not missing:
            os.mkdir(path)  # for the system's own words on what is in the way
        for each in reversed(missing):
            os.mkdir(each)
            check_perms(each, None, user, group, mode or None)


def copy(src: str, dst: str, recurse: bool = False, remove_existing: bool = False) -> bool:
    """
    Copy a file, or with ``recurse`` a folder into one that may exist.

    The copy gets owner, group and mode of the source; the files in a folder, as with Salt, those of
    new files, so that secret ones can be read by others. ``remove_existing`` deletes the
    destination first, and then files in folders keep their modes. Links to files are copied as
    files.

    CLI Example: txsalt-cli '*' file.copy /path/to/src /path/to/dst recurse=True
    """
    src, dst = absolute(src), expand(dst)
    if not os.path.exists(src):
        raise CommandExecutionError(f"{src}: there is no such file or folder")
    if (os.path.isdir(src) or os.path.isdir(dst)) and not recurse:
        raise SaltInvocationError("folders are copied, or copied over, with recurse=True only")
    if remove_existing and os.path.isdir(dst) and _is_within(src, dst):
        raise CommandExecutionError(f"{src} is in {dst}, which would be removed first")
    before = stats(src)
    with explained("cannot copy"):
        if os.path.isdir(src):
            _copy_folder(src, dst, remove_existing)
        elif os.path.isdir(dst) and not remove_existing:
            raise CommandExecutionError(f"{dst} is a folder, {src} is none")
        else:
            if os.path.isdir(dst):
                shutil.rmtree(dst)
            copy_whole(src, dst, new_mode=0o600)  # until it has the mode of the source
    check_perms(dst, None, before["user"], before["group"], get_mode(src))
    return True


def move(src: str, dst: str, disallow_copy_and_unlink: bool = False) -> Any:
    """
    Move a file or folder, to another file system by copying unless that is disallowed.

    CLI Example: txsalt-cli '*' file.move /path/to/src /path/to/dst
    """
    if disallow_copy_and_unlink:
        return rename(src, dst)
    src, dst = absolute(src), absolute(dst)
    try:
        with explained("cannot move"):
            shutil.move(src, dst)
    except shutil.Error as exc:
        raise CommandExecutionError(f"cannot move {src} to {dst}: {exc}") from exc
    return {"result": True, "comment": f"'{src}' moved to '{dst}'"}


def rename(src: str, dst: str) -> bool:
    """
    Rename a file or folder within a file system; a file of the new name is replaced.

    CLI Example: txsalt-cli '*' file.rename /path/to/src /path/to/dst
    """
    with explained("cannot rename"):
        os.rename(absolute(src), expand(dst))
    return True


def remove(path: str, **kwargs: Any) -> bool:
    """
    Remove a file, a link, or a folder with all that is in it; False if there is nothing.

    CLI Example: txsalt-cli '*' file.remove /tmp/foo
    """
    path = absolute(path)
    if os.path.normpath(path) in ("/", "//"):
        raise SaltInvocationError("the root folder is not removed")
    path = path.rstrip("/")  # with a slash, a link would stand for all that it leads to
    with explained("cannot remove"):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.remove(path)
        else:
            return False
    return True


def rmdir(path: str, recurse: bool = False, verbose: bool = False,
          older_than: Any = None) -> Any:  # fmt: skip
    """
    Remove a folder that is empty; with ``recurse`` all empty folders in it first.

    ``older_than`` days spares those changed since. ``verbose`` returns deleted, errors and result.

    CLI Example: txsalt-cli '*' file.rmdir /tmp/foo recurse=True older_than=5
    """
    path = absolute(path)
    if not os.path.isdir(path):
        raise SaltInvocationError(f"{path} is no folder")
    limit = _changed_before(older_than)
    deleted: list[str] = []
    errors: list[list[str]] = []
    below = os.walk(path, topdown=False) if recurse else ()
    for folder, names, _ in below:
        for name in names:
            _remove_empty(os.path.join(folder, name), limit, deleted, errors)
    result = bool(recurse) and not errors
    tried, failed = len(deleted) + len(errors), len(errors)
    _remove_empty(path, limit, deleted, errors)
    if len(errors) > failed:
        result = False
    elif len(deleted) + len(errors) > tried:
        result = result or not recurse
    return {"deleted": deleted, "errors": errors, "result": result} if verbose else result


def _remove_empty(
    path: str, limit: float | None, deleted: list[str], errors: list[list[str]]
) -> None:
    try:
        if limit is not None and os.path.getmtime(path) >= limit:
            return
        os.rmdir(path)
        deleted.append(path)
    except OSError as exc:
        errors.append([path, str(exc)])


def _changed_before(days: Any) -> float | None:
    if not days:
        return None
    try:
        return time.time() - int(days) * _DAY
    except (TypeError, ValueError):
        raise SaltInvocationError(f"older_than={days!r} is no number of days") from None


def _is_within(path: str, folder: str) -> bool:
    """Tell whether a path is below a folder, or the same."""
    top = os.path.realpath(folder)
    return os.path.commonpath([top, os.path.realpath(path)]) == top


def _copy_folder(src: str, dst: str, remove_existing: bool) -> None:
    if _is_within(dst, src):
        raise CommandExecutionError(f"{dst} is in {src}, or the same")
    if remove_existing and os.path.lexists(dst):
        shutil.rmtree(dst) if os.path.isdir(dst) and not os.path.islink(dst) else os.remove(dst)
    if remove_existing:
        shutil.copytree(src, dst)
        return
    for folder, folders, names in os.walk(src):
        target = os.path.normpath(os.path.join(dst, os.path.relpath(folder, src)))
        os.makedirs(target, exist_ok=True)
        for name in names:
            _copy_entry(os.path.join(folder, name), os.path.join(target, name))
        for name in folders:
            if os.path.islink(os.path.join(folder, name)):
                _copy_entry(os.path.join(folder, name), os.path.join(target, name))


def _copy_entry(source: str, target: str) -> None:
    if os.path.islink(source) and not os.path.isfile(source):
        if not os.path.lexists(target):
            os.symlink(os.readlink(source), target)
        return
    if os.path.isfile(source):
        copy_whole(source, target)
        return
    raise shutil.SpecialFileError(f"{source} is a pipe, socket or device")
