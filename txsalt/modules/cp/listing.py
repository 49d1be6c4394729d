"""
What the master and the cache hold.

Source: Salt 3008.3, modules/cp.py, fileclient.py.
"""

import os
import stat
from typing import Any  # Salt's answers differ in type
from urllib.parse import urlsplit

from txsalt.modules.cp import _cache, _url
from txsalt.modules.cp._master import Files, file_sum, files_for


def envs() -> list[str]:
    """
    List the environments of the master.

    CLI Example: txsalt-cli '*' cp.envs
    """
    return _files().environments()


def list_master(saltenv: str | None = None, prefix: str = "") -> list[str]:
    """
    List the files of an environment.

    CLI Example: txsalt-cli '*' cp.list_master
    """
    return _files().listing("files", _environment(saltenv), prefix)


def list_master_dirs(saltenv: str | None = None, prefix: str = "") -> list[str]:
    """
    List the folders of an environment.

    CLI Example: txsalt-cli '*' cp.list_master_dirs
    """
    return _files().listing("folders", _environment(saltenv), prefix)


def list_master_symlinks(saltenv: str | None = None, prefix: str = "") -> dict[str, str]:
    """
    Return the links of an environment, and where they point.

    CLI Example: txsalt-cli '*' cp.list_master_symlinks
    """
    return _files().listing("links", _environment(saltenv), prefix)


def list_states(saltenv: str | None = None) -> list[str]:
    """
    List the state files of an environment by the names that states are included by.

    CLI Example: txsalt-cli '*' cp.list_states
    """
    names = (each for each in list_master(saltenv) if each.endswith(".sls"))
    short = (each.removesuffix(".sls").removesuffix("/init") for each in names)
    return sorted({each.replace("/", ".") for each in short})


def list_minion(saltenv: str | None = None) -> list[str]:
    """
    List the files that are in the cache.

    CLI Example: txsalt-cli '*' cp.list_minion
    """
    cachedir = __opts__["cachedir"]
    folders = (
        os.path.join(cachedir, "files", _url.one_name(_environment(saltenv))),
        os.path.join(cachedir, "localfiles"),
    )
    return sorted(
        os.path.join(folder, name)
        for top in folders
        for folder, _, names in os.walk(top)
        for name in names
    )


def is_cached(path: str, saltenv: str | None = None) -> str:
    """
    Return where the cached copy of a file is, or "".

    CLI Example: txsalt-cli '*' cp.is_cached salt://path/to/file
    """
    cachedir, saltenv = __opts__["cachedir"], _environment(saltenv)
    if urlsplit(path).scheme in ("http", "https"):
        places = [_cache.web_copy(cachedir, path, saltenv)]
    else:
        name, saltenv = _url.split(path, saltenv)
        places = [_cache.master_copy(cachedir, name, saltenv), _cache.local_copy(cachedir, name)]
    return next((place for place in places if os.path.exists(place)), "")


def cache_dest(url: str, saltenv: str | None = None) -> str:
    """
    Return where the copy of a file would be.

    CLI Example: txsalt-cli '*' cp.cache_dest salt://my/file
    """
    scheme = urlsplit(url).scheme
    if not scheme:
        return url
    if scheme == "salt":
        name, saltenv = _url.split(url, _environment(saltenv))
        return _cache.master_copy(__opts__["cachedir"], name, saltenv)
    return _cache.web_copy(__opts__["cachedir"], url, _environment(saltenv))


def hash_file(path: str, saltenv: str | None = None) -> Any:
    """
    Return {"hsum", "hash_type"} of a file of the master, or of a path of this machine.

    Without such a file on the master "", on this machine an empty map.

    CLI Example: txsalt-cli '*' cp.hash_file salt://path/to/file
    """
    if path.startswith(_url.SALT):
        return _files().sum(*_url.split(path, _environment(saltenv))) or ""
    if not os.path.isfile(path):
        return {}
    kind = __opts__.get("hash_type") or "sha256"
    return {"hsum": file_sum(path, kind), "hash_type": kind}


def stat_file(path: str, saltenv: str | None = None, octal: bool = True) -> Any:
    """
    Return the mode of a file of the master or this machine: four octal digits, or the number.

    CLI Example: txsalt-cli '*' cp.stat_file salt://path/to/file
    """
    mode = None
    if path.startswith(_url.SALT):
        numbers = _files().status(*_url.split(path, _environment(saltenv)))
        mode = numbers[0] if numbers else None
    elif os.path.isfile(path := path.removeprefix("file://")):
        mode = os.stat(path).st_mode
    if mode is None or octal is not True:
        return mode
    return f"{stat.S_IMODE(mode):04o}"


def _environment(saltenv: str | None) -> str:
    return saltenv or __opts__.get("saltenv") or "base"


def _files() -> Files:
    return files_for(__opts__, __daemon__.call)
