"""
Bring a file to the content and permissions that it should have.

Source: Salt 3008.3, modules/file.py manage_file.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any  # states pass whatever users wrote
from urllib.parse import urlsplit

import attrs as attr

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules import _web
from txsalt.modules._atomic import copy_whole, umask
from txsalt.modules.file._backup import keep_copy
from txsalt.modules.file._compare import Ignored, difference
from txsalt.modules.file._paths import expand, octal
from txsalt.modules.file._rendered import discard, keep
from txsalt.modules.file.hashing import get_hash
from txsalt.modules.file.permissions import check_perms
from txsalt.modules.file.trees import makedirs as make_folders
from txsalt.modules.file.writing import touch


def manage_file(name: str, sfn: str, ret: dict[str, Any] | None, source: Any, source_sum: Any,
                user: Any, group: Any, mode: Any, attrs: Any, saltenv: str, backup: Any,
                makedirs: bool = False, template: str | None = None, show_changes: bool = True,
                contents: Any = None, dir_mode: Any = None, follow_symlinks: bool = True,
                skip_verify: bool = False, keep_mode: bool = False, encoding: str | None = None,
                encoding_errors: str = "strict", seuser: Any = None, serole: Any = None,
                setype: Any = None, serange: Any = None, verify_ssl: bool = True,
                use_etag: bool = False, signature: Any = None, source_hash_sig: Any = None,
                signed_by_any: Any = None, signed_by_all: Any = None, keyring: Any = None,
                gnupghome: Any = None, ignore_ordering: bool = False,
                ignore_whitespace: bool = False, ignore_comment_characters: Any = None,
                new_file_diff: bool = False, sig_backend: str = "gpg",
                **kwargs: Any) -> dict[str, Any]:  # fmt: skip
    """
    Give a file the content of ``sfn`` (or its source) or ``contents``, owner, group and mode.

    ``source_sum`` is {"hash_type", "hsum"}, as get_managed returns it; what comes from elsewhere
    than the master must have it, unless skip_verify. With ``backup`` "minion" the old content is
    kept (file.list_backups). Returns ``ret`` (made if empty) with changes, comment and result.

    CLI Example: txsalt-cli '*' file.manage_file /etc/httpd.conf '' '{}' salt://http/httpd.conf
        '{hash_type: md5, hsum: <digits>}' root root 755 '' base ''
    """
    name = expand(name)
    ret = ret or {"name": name, "changes": {}, "comment": "", "result": True}
    if keep_mode and source and urlsplit(source).scheme in ("", "salt", "file"):
        mode = __salt__["cp.stat_file"](source, saltenv=saltenv, octal=True) or mode
    wanted = _Wanted(
        name=name,
        place=sfn or "",
        source=source,
        sum=dict(source_sum or {}),
        contents=None if contents is None else _raw(contents, encoding, encoding_errors),
        mode=mode,
        saltenv=saltenv,
        verify=bool(source) and urlsplit(source).scheme != "salt" and not (skip_verify or use_etag),
        verify_ssl=verify_ssl,
        use_etag=use_etag,
        backup=__salt__["config.backup_mode"](backup),
        follow=follow_symlinks,
        show_changes=show_changes,
        ignored=Ignored(ignore_ordering, ignore_whitespace, ignore_comment_characters),
        new_file_diff=new_file_diff,
    )
    labels = {"seuser": seuser, "serole": serole, "setype": setype, "serange": serange}
    try:
        if signature or source_hash_sig:
            raise _Failed("signatures of files are not verified")
        if os.path.isfile(name) or os.path.islink(name):
            counts = _update(wanted, ret)
            ret, _ = check_perms(name, ret, user, group, mode, attrs, follow_symlinks, **labels)
            if ret["changes"]:
                ret["comment"] = f"File {name} updated"
            elif ret["result"]:
                ret["comment"] = f"File {name} is in the correct state"
        else:
            counts = False
            _make_parents(name, bool(makedirs), dir_mode, mode, user, group)
            _create(wanted, ret)
            if os.path.lexists(name):
                mode = oct(0o666 & ~umask()) if mode is None else mode
                ret, _ = check_perms(name, ret, user, group, mode, attrs, **labels)
            _comment_on_new(name, ret)
    except _Failed as exc:
        return {**ret, "result": False, "comment": str(exc)}
    finally:
        discard(sfn)
    if wanted.ignored and ret["changes"] and not counts:
        ret["skip_req"] = True
    return ret


class _Failed(Exception):
    """What ends the work; the text is the comment."""


@attr.frozen(kw_only=True)
class _Wanted:
    """What ``manage_file`` was asked for."""

    name: str
    place: str
    source: Any
    sum: dict[str, str]
    contents: bytes | None
    mode: Any
    saltenv: str
    verify: bool
    verify_ssl: bool
    use_etag: bool
    backup: Any
    follow: bool
    show_changes: bool
    ignored: Ignored
    new_file_diff: bool


def _update(wanted: _Wanted, ret: dict[str, Any]) -> bool:
    """Bring the content of a file that is there up to date; tell whether that counts."""
    is_link = os.path.islink(wanted.name)
    target = os.path.realpath(wanted.name) if is_link and wanted.follow else wanted.name
    replaces_link = is_link and not wanted.follow
    counts = False
    if wanted.source and (replaces_link or not _has_sum(target, wanted.sum)):
        place = _source_place(wanted)
        if replaces_link or not _has_content_of(target, place, wanted.sum):
            counts = _show(wanted, ret, target, place)
            _commit(wanted, place, target)
    if wanted.contents is not None:
        with _as_file(wanted.contents) as place:
            told: dict[str, Any] = {"changes": {}}
            counts = _show(wanted, told, target, place)
            if told["changes"] or replaces_link:
                ret["changes"].update(told["changes"])
                _commit(wanted, place, target)
    if replaces_link and (wanted.source or wanted.contents is not None):
        ret["changes"]["diff"] = "Replace symbolic link with regular file"
    return counts


def _create(wanted: _Wanted, ret: dict[str, Any]) -> None:
    """Make a file that is not there."""
    if wanted.contents is not None:
        with _as_file(wanted.contents) as place:
            _tell_new(wanted, ret, place)
            _commit(wanted, place, wanted.name)
    elif wanted.source or wanted.place:
        place = _source_place(wanted)
        _tell_new(wanted, ret, place)
        _commit(wanted, place, wanted.name)
    elif not __opts__.get("test"):
        mask = os.umask(0o077) if wanted.mode else None
        try:
            touch(wanted.name)
        except CommandExecutionError as exc:
            raise _Failed(str(exc)) from exc
        finally:
            if mask is not None:
                os.umask(mask)
        ret["changes"]["new"] = f"file {wanted.name} created"
        ret["comment"] = "Empty file"


def _comment_on_new(name: str, ret: dict[str, Any]) -> None:
    if not ret["comment"]:
        ret["comment"] = f"File {name} updated"
    if __opts__.get("test"):
        ret["comment"] = f"File {name} not updated"
    elif not ret["changes"] and ret["result"]:
        ret["comment"] = f"File {name} is in the correct state"


def _tell_new(wanted: _Wanted, ret: dict[str, Any], place: str) -> None:
    ret["changes"]["diff"] = "New file"
    if wanted.new_file_diff:
        _, ret["changes"]["diff"] = difference(wanted.name, place, {}, Ignored())


def _show(wanted: _Wanted, ret: dict[str, Any], target: str, place: str) -> bool:
    """Write down how the content changes; tell whether that counts."""
    if not os.path.isfile(target):
        ret["changes"]["diff"] = "New file"  # a link that pointed nowhere
        return True
    counts, told = difference(target, place, True, wanted.ignored)
    if not told:
        return counts
    if __salt__["config.option"]("obfuscate_templates"):
        told = "<Obfuscated Template>"
    elif not wanted.show_changes:
        told = "<show_changes=False>"
    ret["changes"]["diff"] = told
    return counts


def _source_place(wanted: _Wanted) -> str:
    """Give the path of the source's content, fetched if need be and with the sum it must have."""
    place = wanted.place or __salt__["cp.cache_file"](
        wanted.source,
        wanted.saltenv,
        source_hash=wanted.sum.get("hsum"),
        verify_ssl=wanted.verify_ssl,
        use_etag=wanted.use_etag,
    )
    if not place or not os.path.isfile(place):
        raise _Failed(f"Source file '{_web.redacted(str(wanted.source))}' not found")
    if wanted.verify and "hsum" in wanted.sum:
        kind, stated = wanted.sum["hash_type"], wanted.sum["hsum"].lower()
        actual = get_hash(place, kind)
        if actual != stated:
            raise _Failed(
                f"{_web.redacted(str(wanted.source))} has the {kind} checksum {actual}, but "
                f"{stated} was specified; if source_hash names a file, set source_hash_name"
            )
    return place


def _commit(wanted: _Wanted, place: str, target: str) -> None:
    """Replace the content, keeping the old one if asked for; in a test, nothing."""
    if __opts__.get("test"):
        return
    try:
        if wanted.backup in ("minion", "both") and os.path.isfile(target):
            keep_copy(target, __opts__["cachedir"])
        # A mode that is set later may be stricter: until then, nobody else reads it.
        new_mode = 0o600 if wanted.mode is not None else None
        copy_whole(place, target, follow=wanted.follow, new_mode=new_mode)
    except OSError as exc:
        raise _Failed(f"Failed to commit change: {exc}") from exc


def _make_parents(name: str, allowed: bool, dir_mode: Any, mode: Any, user: Any,
                  group: Any) -> None:  # fmt: skip
    if os.path.isdir(os.path.dirname(name)):
        return
    if not allowed:
        raise _Failed("Parent directory not present")
    if __opts__.get("test"):
        return
    if dir_mode is None and mode is not None:
        # Who may read the file may enter the folder.
        digits = (octal(mode) or "")[-3:]
        dir_mode = "".join(each if each == "0" else str(int(each) | 1) for each in digits)
    make_folders(name, user=user, group=group, mode=dir_mode)


def _has_sum(path: str, known: dict[str, str]) -> bool:
    if "hsum" not in known or not os.path.isfile(path):
        return False
    return get_hash(path, known.get("hash_type", "sha256")) == known["hsum"].lower()


def _has_content_of(path: str, place: str, known: dict[str, str]) -> bool:
    if known or not os.path.isfile(path):
        return False
    return get_hash(path) == get_hash(place)


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    try:
        place = keep(content)
    except OSError as exc:
        raise _Failed(f"no room for the contents: {exc.strerror or exc}") from exc
    try:
        yield place
    finally:
        discard(place)


def _raw(contents: Any, encoding: str | None, errors: str) -> bytes:
    if isinstance(contents, bytes):
        return contents
    return str(contents).encode(encoding or "utf-8", errors if encoding else "surrogateescape")
