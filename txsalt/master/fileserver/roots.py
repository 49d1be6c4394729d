"""
Serve files from the folders of ``file_roots``.

Every path of a peer goes through ``safe_join``: symbolic links are followed only as long as they
stay inside their root. Only regular files are opened, so that a pipe cannot stall the program.

Source: PROTOCOL section 9.4.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping

from attrs import field, frozen

from txsalt.errors import BadName
from txsalt.wire import names

BACKEND = "roots"
_HASH_BLOCK = 1024 * 1024
_HASHES_KEPT = 4096


@frozen(kw_only=True)
class Found:
    """A file that is served: its real ``path`` on the master, ``rel`` as the minion names it."""

    path: str
    rel: str
    status: os.stat_result = field(repr=False)


@frozen(kw_only=True)
class Listing:
    """What is below one prefix of an environment: relative paths, sorted."""

    files: list[str]
    folders: list[str]
    empty_folders: list[str]
    links: dict[str, str]


def safe_join(root: str, relative: str) -> str | None:
    """
    Return the real path of ``relative`` below ``root``; None if it leaves the root.

    Raises BadName for a path that is not relative or not plain.
    """
    base = os.path.realpath(root)
    joined = os.path.realpath(os.path.join(base, names.relative_path(relative)))
    return joined if joined == base or joined.startswith(f"{base.rstrip('/')}/") else None


class Roots:
    """The environments of one master and their folders; the first folder with a file wins."""

    def __init__(self, roots: Mapping[str, list[str]], hash_type: str = "sha256") -> None:
        self._roots = {environment: list(folders) for environment, folders in roots.items()}
        self.hash_type = hash_type
        self._hashes: dict[tuple[str, int, int, int], str] = {}

    def environments(self) -> list[str]:
        """Return the names of the environments."""
        return list(self._roots)

    def find(self, environment: str, relative: str) -> Found | None:
        """Return the regular file at ``relative``, or None. Raises BadName."""
        for root in self._roots.get(environment, ()):
            path = safe_join(root, relative)
            if path is None:
                continue
            try:
                status = os.stat(path)
            except (OSError, ValueError):
                continue
            if stat.S_ISREG(status.st_mode):
                return Found(path=path, rel=relative, status=status)
        return None

    def read(self, found: Found, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; empty at the end, or if it is gone."""
        try:
            # Not blocking: between the look and this the file may have become a pipe.
            descriptor = os.open(found.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b""
            return os.pread(descriptor, length, offset)
        except (OSError, OverflowError):
            return b""
        finally:
            os.close(descriptor)

    def hash(self, found: Found) -> str:
        """Return the hex digest of a file; kept as long as the file is the same."""
        status = found.status
        mark = (found.path, status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._hashes.get(mark)
        if known is None:
            known = self._digest(found)
            if len(self._hashes) >= _HASHES_KEPT:
                self._hashes.clear()
            self._hashes[mark] = known
        return known

    def listing(self, environment: str, prefix: str = "") -> Listing:
        """Return all that is below ``prefix`` in an environment; nothing for an unknown one."""
        files: set[str] = set()
        folders: set[str] = set()
        empty: set[str] = set()
        links: dict[str, str] = {}
        for root in self._roots.get(environment, ()):
            for at, inside, below in _walk(root, prefix):
                folders.add(at)
                if not inside and not below:
                    empty.add(at)
                files.update(inside)
                for path in (*inside, *below):
                    target = _link_target(root, path)
                    if target is not None:
                        links.setdefault(path, target)
        return Listing(
            files=sorted(files),
            folders=sorted(folders),
            empty_folders=sorted(empty),
            links=dict(sorted(links.items())),
        )

    def _digest(self, found: Found) -> str:
        digest = hashlib.new(self.hash_type)
        offset = 0
        while block := self.read(found, offset, _HASH_BLOCK):
            digest.update(block)
            offset += len(block)
        return digest.hexdigest()


def _walk(root: str, prefix: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (folder, files in it, folders in it), all relative to the root."""
    start = safe_join(root, prefix.strip("/")) if prefix else os.path.realpath(root)
    if start is None or not os.path.isdir(start):
        return
    waiting = [prefix.strip("/")]
    seen: set[tuple[int, int]] = set()  # links to a folder above would go round for ever
    while waiting:
        at = waiting.pop()
        folder = safe_join(root, at) if at else os.path.realpath(root)
        if folder is None:
            continue
        try:
            status = os.stat(folder)
            entries = sorted(os.listdir(folder))
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        inside, below = _sorted_out(root, at, entries)
        yield at or ".", inside, below
        waiting.extend(below)


def _sorted_out(root: str, at: str, entries: list[str]) -> tuple[list[str], list[str]]:
    inside, below = [], []
    for name in entries:
        relative = f"{at}/{name}" if at else name
        try:
            path = safe_join(root, relative)
            mode = os.stat(path).st_mode if path else 0
        except (BadName, OSError):
            continue  # a name that cannot be asked for is not offered either
        if stat.S_ISREG(mode):
            inside.append(relative)
        elif stat.S_ISDIR(mode):
            below.append(relative)
    return inside, below


def _link_target(root: str, relative: str) -> str | None:
    try:
        return os.readlink(os.path.join(root, relative))
    except OSError:
        return None
