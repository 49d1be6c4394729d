"""
The files of the master, or of this machine's own file_roots if file_client is local.

Source: PROTOCOL section 9.4; Salt 3008.3, fileclient.py.
"""

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol  # replies are any value

from txsalt.jobs.errors import CommandExecutionError

_BLOCK = 1 << 20
Sum = dict[str, str]  # {"hsum", "hash_type"}


class Files(Protocol):
    """Where files of environments come from. Paths are relative, without salt://."""

    def environments(self) -> list[str]: ...
    def sum(self, path: str, saltenv: str) -> Sum | None: ...
    def status(self, path: str, saltenv: str) -> list[int] | None: ...
    def listing(self, what: str, saltenv: str, prefix: str) -> Any: ...
    def blocks(self, path: str, saltenv: str, offset: int) -> Iterator[bytes]: ...


def files_for(opts: Mapping[str, Any], call: Callable[..., Any]) -> Files:
    """Give the source of files that the options name; ``call`` is the job's way to the daemon."""
    if opts.get("file_client") == "local":
        return LocalFiles(opts.get("file_roots") or {}, opts.get("hash_type") or "sha256")
    return MasterFiles(lambda load: call("request", {"load": load}))


def file_sum(path: str, kind: str) -> str:
    """Give the checksum of a file. Raises OSError, and ValueError for an unknown kind."""
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class MasterFiles:
    """Files asked of the master; errors of the way there pass through."""

    def __init__(self, request: Callable[[dict[str, Any]], Any]) -> None:
        """``request`` sends a load and gives the reply."""
        self._request = request

    def environments(self) -> list[str]:
        """List the environments."""
        return list(self._request({"cmd": "_file_envs"}) or [])

    def sum(self, path: str, saltenv: str) -> Sum | None:
        """Give the checksum, or None if there is no such file."""
        load = {"cmd": "_file_hash", "path": path, "saltenv": saltenv}
        return self._request(load) or None

    def status(self, path: str, saltenv: str) -> list[int] | None:
        """Give the ten numbers of stat, mode first, or None."""
        load = {"cmd": "_file_hash_and_stat", "path": path, "saltenv": saltenv}
        reply = self._request(load)
        return reply[1] if isinstance(reply, list) and len(reply) > 1 else None

    def listing(self, what: str, saltenv: str, prefix: str) -> Any:
        """List "files", "folders", "empty" folders, or "links" (a map)."""
        command = {
            "files": "_file_list",
            "folders": "_dir_list",
            "empty": "_file_list_emptydirs",
            "links": "_symlink_list",
        }[what]
        found = self._request({"cmd": command, "saltenv": saltenv, "prefix": prefix})
        return found or ({} if what == "links" else [])

    def blocks(self, path: str, saltenv: str, offset: int) -> Iterator[bytes]:
        """Give the content from a byte on. Raises CommandExecutionError if the file is gone."""
        while True:
            load = {"cmd": "_serve_file", "path": path, "saltenv": saltenv, "loc": offset}
            reply = self._request(load)
            if not isinstance(reply, dict) or "data" not in reply:
                raise CommandExecutionError(f"salt://{path}: the master sent no part of the file")
            data = reply["data"]
            # A part that happens to be text comes as text; the offset counts its bytes.
            block = data.encode() if isinstance(data, str) else bytes(data)
            if not block:
                if not reply.get("dest"):
                    raise CommandExecutionError(f"salt://{path} is not on the master any more")
                return
            if reply.get("gzip"):
                block = gzip.decompress(block)
            offset += len(block)
            yield block


class LocalFiles:
    """Files in folders of this machine, by environment; the first folder with a file wins."""

    def __init__(self, roots: Mapping[str, list[str]], hash_type: str) -> None:
        """``roots`` is the option file_roots."""
        self._roots = roots
        self._hash_type = hash_type

    def environments(self) -> list[str]:
        """List the environments."""
        return list(self._roots)

    def sum(self, path: str, saltenv: str) -> Sum | None:
        """Give the checksum, or None if there is no such file."""
        found = self._find(path, saltenv)
        if found is None:
            return None
        return {"hsum": file_sum(found, self._hash_type), "hash_type": self._hash_type}

    def status(self, path: str, saltenv: str) -> list[int] | None:
        """Give the ten numbers of stat, mode first, or None."""
        found = self._find(path, saltenv)
        return [int(each) for each in tuple(os.stat(found))[:10]] if found else None

    def listing(self, what: str, saltenv: str, prefix: str) -> Any:
        """List "files", "folders", "empty" folders, or "links" (a map)."""
        found: dict[str, str] = {}
        for root in self._roots.get(saltenv) or ():
            for path, kind, target in _walk(root):
                if path.startswith(prefix.lstrip("/")) and what in kind:
                    found.setdefault(path, target)
        return dict(sorted(found.items())) if what == "links" else sorted(found)

    def blocks(self, path: str, saltenv: str, offset: int) -> Iterator[bytes]:
        """Give the content from a byte on. Raises CommandExecutionError if the file is gone."""
        found = self._find(path, saltenv)
        if found is None:
            raise CommandExecutionError(f"salt://{path} is not in file_roots any more")
        with open(found, "rb") as file:
            file.seek(offset)
            while block := file.read(_BLOCK):
                yield block

    def _find(self, path: str, saltenv: str) -> str | None:
        candidates = (os.path.join(root, path) for root in self._roots.get(saltenv) or ())
        return next((each for each in candidates if os.path.isfile(each)), None)


def _walk(root: str) -> Iterator[tuple[str, frozenset[str], str]]:
    """Give each path below a root with what it is listed as, and where it points if a link."""
    for folder, folders, names in os.walk(root, followlinks=True):
        at = os.path.relpath(folder, root)
        empty = not folders and not names
        yield at, frozenset({"folders", "empty"} if empty else {"folders"}), ""
        # A link to a folder above would go round for ever.
        here = os.path.realpath(folder)
        folders[:] = [
            each
            for each in folders
            if not f"{here}/".startswith(f"{os.path.realpath(os.path.join(folder, each))}/")
        ]
        for name in names:
            path = os.path.join(folder, name)
            kind = {"files"} | ({"links"} if os.path.islink(path) else set())
            target = os.readlink(path) if os.path.islink(path) else ""
            yield os.path.normpath(os.path.join(at, name)), frozenset(kind), target
