"""
Send files to the master, and take files that come with a job.

Source: Salt 3008.3, modules/cp.py; PROTOCOL section 9.4, ``_file_recv``.
"""

import base64
import binascii
import fnmatch
import gzip
import os
import zlib
from typing import Any  # users pass whatever they typed

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import write_whole

_BUFFER = 262144


def push(path: str, keep_symlinks: bool = False, upload_path: str | None = None,
         remove_source: bool = False) -> Any:  # fmt: skip
    """
    Send a file to the master's cache of this minion; False if it is not taken.

    The master takes files only with file_recv on, up to file_recv_max_size.

    CLI Example: txsalt-cli '*' cp.push /etc/fstab
    """
    if "../" in path or not os.path.isabs(path) or "../" in (upload_path or ""):
        return False
    source = path if keep_symlinks else os.path.realpath(path)
    if not os.path.isfile(source):
        return False
    target = os.path.normpath((upload_path or source).lstrip("/"))
    load = {
        "cmd": "_file_recv",
        "id": __opts__["id"],
        "path": [part for part in target.split("/") if part],
        "size": os.path.getsize(source),
    }
    size = __opts__.get("file_buffer_size") or _BUFFER
    try:
        with open(source, "rb") as file:
            offset = 0
            while (block := file.read(size)) or offset == 0:
                # An empty file is one message, so that it comes into being.
                taken = __daemon__.call("request", {"load": {**load, "loc": offset, "data": block}})
                if not taken:
                    return taken or False
                offset += len(block)
                if not block:
                    break
        if remove_source:
            os.remove(source)
    except OSError as exc:
        raise CommandExecutionError(f"{source}: {exc.strerror or exc}") from exc
    return True


def push_dir(path: str, glob: str | None = None, upload_path: str | None = None) -> bool:
    """
    Send all files below a folder to the master; ``glob`` chooses by name.

    CLI Example: txsalt-cli '*' cp.push_dir /etc/modprobe.d/ glob='*.conf'
    """
    if "../" in path or not os.path.isabs(path):
        return False
    path = os.path.realpath(path)
    if os.path.isfile(path):
        return bool(push(path, upload_path=upload_path))
    found = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(path)
        for name in names
        if glob is None or fnmatch.fnmatch(name, glob)
    )
    for each in found:
        target = None
        if upload_path:
            target = os.path.join("/", upload_path.strip("/"), os.path.relpath(each, path))
        if not push(each, upload_path=target):
            return False
    return bool(found)


def recv(files: dict[str, str], dest: str) -> Any:
    """
    Write files that come with the job: a map from path to content. For salt-cp, not for people.

    Returns a map from path to whether it was written.
    """
    written = {}
    for path, content in files.items():
        place = dest
        if os.path.isdir(dest):
            place = os.path.join(dest, os.path.basename(path))
        elif not os.path.isdir(os.path.dirname(dest)):
            return "Destination unavailable"
        try:
            write_whole(place, content if isinstance(content, bytes) else content.encode())
            written[place] = True
        except OSError:
            written[place] = False
    return written


def recv_chunked(dest: str, chunk: str | None, append: bool = False, compressed: bool = True,
                 mode: int | None = None) -> Any:  # fmt: skip
    """
    Write a part of a file that comes with the job. For salt-cp, not for people.

    ``chunk`` is base64, of a gzip stream if ``compressed``; None makes a folder. Returns True, or
    a text with what went wrong.
    """
    try:
        if chunk is None:
            if os.path.isfile(dest):
                return "Path exists and is a file"
            os.makedirs(dest, exist_ok=True)
            return True
        data = base64.b64decode(chunk)
        if compressed:
            data = gzip.decompress(data)
        os.makedirs(os.path.dirname(os.path.abspath(dest)), exist_ok=True)
        with open(dest, "ab" if append else "wb") as file:
            if mode is not None and not append:
                os.fchmod(file.fileno(), mode)  # before others can read what is in it
            file.write(data)
    except (OSError, binascii.Error, EOFError, zlib.error) as exc:
        __context__["retcode"] = 1
        return str(exc)
    return True
