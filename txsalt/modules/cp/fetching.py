"""
Fetch files and folders from the master or a web server.

Source: Salt 3008.3, modules/cp.py, fileclient.py.
"""

import os
import shutil
from typing import Any  # users pass whatever they typed
from urllib.parse import urlsplit

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules import _web
from txsalt.modules._template import context_of, fill
from txsalt.modules.cp import _cache, _url
from txsalt.modules.cp._master import Files, file_sum, files_for

_LENGTHS = {128: "sha512", 96: "sha384", 64: "sha256", 56: "sha224", 40: "sha1", 32: "md5"}


def get_file(path: str, dest: str, saltenv: str | None = None, makedirs: bool = False,
             template: str | None = None, gzip: Any = None, **kwargs: Any) -> Any:  # fmt: skip
    """
    Fetch a file of the master; return where it is, or "" if the master has none.

    If ``dest`` is a folder, the file keeps its name. False if its folder does not exist, unless
    ``makedirs``. Where there is nothing to bring, a job of this function fails, with exit code 1;
    modules and templates that call it see the value only. With template="jinja" ``path`` and
    ``dest`` are filled in, not the file.

    CLI Example: txsalt-cli '*' cp.get_file salt://path/to/file /minion/dest
    """
    path, dest = _filled_paths(path, dest, saltenv, template, kwargs)
    path, saltenv = _url.split(path, _environment(saltenv))
    files = _files()
    known = files.sum(path, saltenv)
    if known is None:
        return _nothing(kwargs, "")
    if os.path.isdir(dest) or dest.endswith("/"):
        dest = os.path.join(dest, os.path.basename(path))
    if os.path.isfile(dest) and file_sum(dest, known["hash_type"]) == known["hsum"]:
        return dest
    folder = os.path.dirname(dest)
    if folder and not os.path.isdir(folder):
        if not makedirs:
            return _nothing(kwargs, False)
        _explained(os.makedirs, folder, exist_ok=True)
    part = _cache.fetch(files, path, saltenv, known, __opts__["cachedir"])
    _explained(_cache.deliver, part, dest)
    return dest


def cache_file(path: str, saltenv: str | None = None, source_hash: str | None = None,
               verify_ssl: bool = True, use_etag: bool = False) -> Any:  # fmt: skip
    """
    Bring a file into the cache; return where it is, or False if there is none.

    salt:// files are fetched if their checksum changed; http(s) ones each time, unless the copy
    has ``source_hash`` or the server says that it is the same (``use_etag``). A path of this
    machine is returned as it is.

    CLI Example: txsalt-cli '*' cp.cache_file salt://path/to/file
    """
    saltenv = _environment(saltenv)
    if path.startswith(_url.SALT):
        return _cache_of_master(*_url.split(path, saltenv))
    local = _local_path(path)
    if local is not None:
        return local
    place = _cache.web_copy(__opts__["cachedir"], path, saltenv)
    if source_hash and _has_sum(place, source_hash):
        return place
    _explained(_cache.make_room, place, __opts__["cachedir"])
    _explained(_web.download, path, place, verify_ssl, use_etag)
    return place


def get_url(path: str, dest: Any = "", saltenv: str | None = None, makedirs: bool = False,
            source_hash: str | None = None) -> Any:  # fmt: skip
    """
    Fetch a file by salt://, http:// or https://; return where it is.

    Without ``dest`` it goes to the cache; with dest None its content is returned. A path of this
    machine is returned as it is.

    CLI Example: txsalt-cli '*' cp.get_url https://example.org/motd /etc/motd
    """
    if not isinstance(dest, str):
        return _content(path, saltenv)
    if not dest or _local_path(path) is not None:
        return cache_file(path, saltenv, source_hash)
    if path.startswith(_url.SALT):
        return get_file(path, dest, saltenv, makedirs) or False
    if os.path.isdir(dest) or dest.endswith("/"):
        dest = os.path.join(dest, os.path.basename(urlsplit(path).path) or "index.html")
    folder = os.path.dirname(dest)
    if folder and not os.path.isdir(folder):
        if not makedirs:
            return ""
        _explained(os.makedirs, folder, exist_ok=True)
    if not (source_hash and _has_sum(dest, source_hash)):
        _explained(_web.download, path, dest)
    return dest


def get_file_str(path: str, saltenv: str | None = None) -> Any:
    """
    Return the content of a file as text; False if there is none.

    CLI Example: txsalt-cli '*' cp.get_file_str salt://my/file
    """
    place = cache_file(path, saltenv)
    if not isinstance(place, str):
        return place
    try:
        with open(place, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as exc:
        raise CommandExecutionError(f"{_web.redacted(path)} is not text in UTF-8") from exc
    except OSError:
        return False


def get_dir(path: str, dest: str, saltenv: str | None = None, template: str | None = None,
            gzip: Any = None, **kwargs: Any) -> list[str]:  # fmt: skip
    """
    Fetch a folder of the master into a folder; list where its files are.

    With template="jinja" ``path`` and ``dest`` are filled in, not the files.

    CLI Example: txsalt-cli '*' cp.get_dir salt://path/to/dir /minion/dest
    """
    path, dest = _filled_paths(path, dest, saltenv, template, kwargs)
    path, saltenv = _url.split(path, _environment(saltenv))
    keep = len(path.rpartition("/")[0])
    files = _files()
    found = []
    for each in files.listing("files", saltenv, path):
        if each.startswith(f"{path}/"):
            place = os.path.join(dest, _url.inside(each[keep:]))
            found.append(get_file(_url.SALT + each, place, saltenv, makedirs=True))
    for each in files.listing("empty", saltenv, path):
        if each.startswith(f"{path}/"):
            place = os.path.join(dest, _url.inside(each[keep:]))
            _explained(os.makedirs, place, exist_ok=True)
            found.append(place)
    return sorted(str(each) for each in found) or _nothing(kwargs, [])


def cache_files(paths: Any, saltenv: str | None = None) -> list[Any]:
    """
    Bring several files into the cache; the list may be a text with commas.

    CLI Example: txsalt-cli '*' cp.cache_files salt://pathto/file1,salt://pathto/file2
    """
    listed = paths.split(",") if isinstance(paths, str) else paths
    return [cache_file(each, saltenv) for each in listed]


def cache_dir(path: str, saltenv: str | None = None, include_empty: bool = False,
              include_pat: str | None = None,
              exclude_pat: str | None = None) -> list[str]:  # fmt: skip
    """
    Bring a folder of the master into the cache; patterns choose files by shell pattern or E@regex.

    CLI Example: txsalt-cli '*' cp.cache_dir salt://path/to/dir
    """
    path, saltenv = _url.split(path, _environment(saltenv))
    files = _files()
    found = [
        place
        for each in files.listing("files", saltenv, path)
        if each.startswith(f"{path}/") and _url.chosen(each, include_pat, exclude_pat)
        if (place := _cache_of_master(each, saltenv))
    ]
    for each in files.listing("empty", saltenv, path) if include_empty else ():
        if each.startswith(f"{path}/"):
            place = _cache.master_copy(__opts__["cachedir"], _url.inside(each), saltenv)
            _explained(os.makedirs, place, exist_ok=True)
            found.append(place)
    return found


def cache_master(saltenv: str | None = None) -> list[Any]:
    """
    Bring all files of an environment into the cache.

    CLI Example: txsalt-cli '*' cp.cache_master
    """
    saltenv = _environment(saltenv)
    return [_cache_of_master(each, saltenv) for each in _files().listing("files", saltenv, "")]


def cache_local_file(path: str) -> str:
    """
    Copy a file of this machine into the cache, unless it is there; return where, or "".

    CLI Example: txsalt-cli '*' cp.cache_local_file /etc/hosts
    """
    if not os.path.exists(path):
        return ""
    place = _cache.local_copy(__opts__["cachedir"], path)
    kind = __opts__.get("hash_type") or "sha256"
    if os.path.isfile(place) and file_sum(place, kind) == file_sum(path, kind):
        return place
    _explained(_cache.make_room, place, __opts__["cachedir"])
    _explained(shutil.copyfile, path, place)
    return place


def _cache_of_master(path: str, saltenv: str) -> Any:
    files = _files()
    known = files.sum(path, saltenv)
    if known is None:
        return False
    place = _cache.master_copy(__opts__["cachedir"], path, saltenv)
    if os.path.isfile(place) and file_sum(place, known["hash_type"]) == known["hsum"]:
        return place
    part = _cache.fetch(files, path, saltenv, known, __opts__["cachedir"])
    _explained(_cache.into_cache, part, place, __opts__["cachedir"])
    return place


def _content(path: str, saltenv: str | None) -> Any:
    if urlsplit(path).scheme in ("http", "https"):
        content = _web.read(path)
    else:
        place = cache_file(path, saltenv)
        if not place:
            return place
        with open(place, "rb") as file:
            content = file.read()
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def _local_path(path: str) -> str | None:
    """Give the path that a file:// address or a bare path means; None for other addresses."""
    address = urlsplit(path)
    if address.scheme not in ("", "file"):
        return None
    local = path if not address.scheme else f"{address.netloc}{address.path}"
    if not os.path.isabs(local):
        raise CommandExecutionError(f"{path}: give a path that begins with /")
    return local.rstrip("/") or "/"


def _has_sum(place: str, source_hash: str) -> bool:
    digits = source_hash.rpartition("=")[2]
    kind = _LENGTHS.get(len(digits))
    return bool(kind) and os.path.isfile(place) and file_sum(place, str(kind)) == digits.lower()


def _nothing(given: dict[str, Any], value: Any) -> Any:
    """Give what stands for nothing; where the job is this very call, it has failed."""
    if "__pub_jid" in given:
        __context__["retcode"] = 1
    return value


def _filled_paths(path: str, dest: str, saltenv: str | None, template: str | None,
                  given: dict[str, Any]) -> tuple[str, str]:  # fmt: skip
    if not template:
        return path, dest
    options = {**given, "template": template, "saltenv": _environment(saltenv)}
    known = context_of(globals(), options)
    return (fill(globals(), options, path, "the path", known),
            fill(globals(), options, dest, "the destination", known))  # fmt: skip


def _explained(action: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return action(*args, **kwargs)
    except OSError as exc:
        raise CommandExecutionError(f"{exc.filename or args[0]}: {exc.strerror or exc}") from exc


def _environment(saltenv: str | None) -> str:
    return saltenv or __opts__.get("saltenv") or "base"


def _files() -> Files:
    return files_for(__opts__, __daemon__.call)
