"""
The minion's copies of files: where they are, and how one gets there whole.

Below cachedir: files/{saltenv}/{path} of the master; extrn_files/{saltenv}/{host}/{path} of web
servers; localfiles/{path} of this machine; partial/{checksum} what is on its way.

Source: Salt 3008.3, fileclient.py.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from urllib.parse import urlsplit

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import copy_whole
from txsalt.modules.cp import _url
from txsalt.modules.cp._master import Files, Sum, file_sum

_TRIES = 3
_LONGEST_NAME = 255  # bytes
_KEEP_PARTS = 7 * 86400  # seconds


def master_copy(cachedir: str, path: str, saltenv: str) -> str:
    """Say where the copy of a file of the master is, or would be."""
    return os.path.join(cachedir, "files", _url.one_name(saltenv), path)


def local_copy(cachedir: str, path: str) -> str:
    """Say where the copy of a file of this machine is, or would be."""
    return os.path.join(cachedir, "localfiles", _url.inside(path.lstrip("|/")))


def web_copy(cachedir: str, url: str, saltenv: str) -> str:
    """Say where the copy of a file of a web server is, or would be; passwords are left out."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].replace(":", "")
    name = _url.inside(f"{parts.path}-{parts.query}" if parts.query else parts.path)
    if len(name.encode()) > _LONGEST_NAME:
        name = hashlib.sha256(name.encode()).hexdigest()
    where = os.path.join(cachedir, "extrn_files", _url.one_name(saltenv), _url.inside(host))
    return os.path.join(where, name or "index.html")


def fetch(files: Files, path: str, saltenv: str, known: Sum, cachedir: str) -> str:
    """
    Fetch a file whose checksum is known, and give the place of the verified part file.

    A part that an earlier job left is continued where it ends; beside a job that fetches the same
    file, this one fetches it for itself. Raises CommandExecutionError.
    """
    folder = os.path.join(cachedir, "partial")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    _forget_old_parts(folder)
    for _ in range(_TRIES):
        descriptor, part = _open_part(folder, f"{known['hash_type']}-{known['hsum']}")
        try:
            with open(descriptor, "wb") as file:
                offset = file.seek(0, os.SEEK_END)
                for block in files.blocks(path, saltenv, offset):
                    file.write(block)
                file.flush()
                os.fsync(descriptor)
                if file_sum(part, known["hash_type"]) == known["hsum"]:
                    # A name of its own before the lock goes: no other job takes this file.
                    done = f"{part}.{secrets.token_hex(4)}"
                    os.rename(part, done)
                    return done
        except OSError as exc:
            os.unlink(part)  # it may fill the disk
            raise CommandExecutionError(f"salt://{path}: {exc.strerror or exc}") from exc
        os.unlink(part)
    raise CommandExecutionError(
        f"salt://{path} came {_TRIES} times with another checksum than the master states"
    )


def _open_part(folder: str, name: str) -> tuple[int, str]:
    """
    Open the file that parts of a download are kept in, locked, or a new one if a job has it.

    Gives descriptor and path.
    """
    path = os.path.join(folder, name)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return descriptor, path
    os.close(descriptor)
    return tempfile.mkstemp(prefix=f"{name}.", dir=folder)


def into_cache(part: str, place: str, cachedir: str) -> None:
    """Move a part file to its place in the cache; what was in the way there is removed."""
    make_room(place, cachedir)
    os.replace(part, place)


def make_room(place: str, cachedir: str) -> None:
    """Make the folders above a place in the cache, for us only; clear what is in the way."""
    folder = os.path.dirname(place)
    above = folder
    while len(above) > len(cachedir):
        if os.path.lexists(above) and not os.path.isdir(above):
            os.unlink(above)  # on the master this was a file once
        above = os.path.dirname(above)
    if not os.path.isdir(folder):
        mask = os.umask(0o077)
        try:
            os.makedirs(folder, exist_ok=True)
        finally:
            os.umask(mask)
    if os.path.isdir(place) and not os.path.islink(place):
        shutil.rmtree(place)


def deliver(part: str, place: str) -> None:
    """Bring a part file to a place outside of the cache."""
    try:
        copy_whole(part, place)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _forget_old_parts(folder: str) -> None:
    limit = time.time() - _KEEP_PARTS
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):
            if entry.stat(follow_symlinks=False).st_mtime < limit:
                os.unlink(entry.path)
