"""
Files of the master: lists, hashes, contents; and files that minions push.

What is missing has an answer of its own for each command, and minions rely on it.

Source: PROTOCOL section 9.4.
"""

import gzip
import os
from typing import Any  # replies are any msgpack value

from txsalt.errors import BadName
from txsalt.master.fileserver.received import store_part
from txsalt.master.fileserver.roots import BACKEND, Found, Listing
from txsalt.master.worker.bench import Bench
from txsalt.master.worker.principals import KeyHolder, Minion
from txsalt.wire import fields, names

Sender = Minion | KeyHolder
Load = dict[str, Any]

_BASE = "base"
_STAT_FIELDS = 10


def file_envs(bench: Bench, sender: Sender, load: Load) -> list[str]:
    """Return the names of the environments."""
    return bench.files.environments()


def file_list(bench: Bench, sender: Sender, load: Load) -> list[str]:
    """Return the files of an environment; links count."""
    return _listing(bench, load).files


def empty_folders(bench: Bench, sender: Sender, load: Load) -> list[str]:
    """Return the folders with nothing in them."""
    return _listing(bench, load).empty_folders


def dir_list(bench: Bench, sender: Sender, load: Load) -> list[str]:
    """Return the folders of an environment."""
    return _listing(bench, load).folders


def symlink_list(bench: Bench, sender: Sender, load: Load) -> dict[str, str]:
    """Return the links of an environment and where they point."""
    return _listing(bench, load).links


def file_hash(bench: Bench, sender: Sender, load: Load) -> Load | str:
    """Return hash and its type; "" for what is not there."""
    found = _find(bench, load)
    return _hash(bench, found) if found else ""


def file_hash_and_stat(bench: Bench, sender: Sender, load: Load) -> list[Any]:
    """Return the hash as above, and what stat says."""
    found = _find(bench, load)
    return [_hash(bench, found), _stat(found)] if found else ["", None]


def file_find(bench: Bench, sender: Sender, load: Load) -> Load:
    """Return where a file is; empty texts for what is not there."""
    found = _find(bench, load)
    if found is None:
        return {"path": "", "rel": ""}
    return {"path": found.path, "rel": found.rel, "stat": _stat(found), "back": BACKEND}


def serve_file(bench: Bench, sender: Sender, load: Load) -> Load:
    """Return the part of a file at byte ``loc``; empty data with a ``dest`` is the end."""
    found, offset = _find(bench, load), load.get("loc")
    if found is None or not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
        return {"data": "", "dest": ""}
    data = bench.files.read(found, offset, bench.config.file_buffer_size)
    level = load.get("gzip")
    if data and isinstance(level, int) and level > 0:
        packed = gzip.compress(data, min(level, 9), mtime=0)
        return {"data": packed, "dest": found.rel, "gzip": level}
    return {"data": data, "dest": found.rel}


def file_recv(bench: Bench, minion: Minion, load: Load) -> bool:
    """Keep a part of a file that the minion pushes."""
    config = bench.config
    if not config.file_recv or "path" not in load:
        return False
    folder = os.path.join(config.cachedir, "minions", names.minion_id(minion.id), "files")
    return store_part(
        folder,
        load["path"],
        fields.integer(load, "loc"),
        fields.blob(load, "data"),
        config.file_recv_max_size,
    )


def _find(bench: Bench, load: Load) -> Found | None:
    path = load.get("path")
    try:
        environment = names.saltenv(load.get("saltenv", _BASE))
        if not isinstance(path, str) or not path:
            return None
        return bench.files.find(environment, path)
    except BadName as exc:
        bench.refusals.note("file path", str(exc))
        return None


def _listing(bench: Bench, load: Load) -> Listing:
    prefix = load.get("prefix") or ""
    try:
        environment = names.saltenv(load.get("saltenv", _BASE))
        return bench.files.listing(environment, prefix if isinstance(prefix, str) else "")
    except BadName as exc:
        bench.refusals.note("file path", str(exc))
        return Listing(files=[], folders=[], empty_folders=[], links={})


def _hash(bench: Bench, found: Found) -> Load:
    return {"hash_type": bench.files.hash_type, "hsum": bench.files.hash(found)}


def _stat(found: Found) -> list[int]:
    return [int(value) for value in tuple(found.status)[:_STAT_FIELDS]]
