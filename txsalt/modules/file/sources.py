"""
Where the content of a managed file comes from.

Source: Salt 3008.3, modules/file.py source_list, get_managed.
"""

import os
from typing import Any  # states pass whatever users wrote
from urllib.parse import urlsplit

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _web
from txsalt.modules._template import ENGINES, context_of, fill, fill_file
from txsalt.modules.file._rendered import keep
from txsalt.modules.file.hashing import get_hash, get_source_sum
from txsalt.renderers.errors import RenderError

_REMOTE = ("http", "https", "ftp", "swift", "s3")

Managed = tuple[str, dict[str, str], str]


def source_list(source: Any, source_hash: Any, saltenv: str) -> tuple[Any, Any]:
    """
    Return the first source of a list that exists, and its hash; a single one as it is.

    An entry of the list may be a map from source to hash.

    CLI Example: txsalt-cli '*' file.source_list salt://http/httpd.conf '{hash_type: md5}' base
    """
    if not isinstance(source, list):
        return source, source_hash
    key = f"file.source_list {source!r} {source_hash!r} {saltenv}"
    if key not in __context__:
        for entry in source:
            single, own_hash = next(iter(entry.items())) if isinstance(entry, dict) else (entry, "")
            if _is_there(str(single), saltenv):
                __context__[key] = (single, own_hash or source_hash)
                break
        else:
            raise CommandExecutionError(f"none of these exists: {', '.join(map(str, source))}")
    return __context__[key]


def get_managed(name: str, template: str | None, source: Any, source_hash: Any,
                source_hash_name: str | None, user: Any, group: Any, mode: Any, attrs: Any,
                saltenv: str, context: Any, defaults: Any, skip_verify: bool = False,
                verify_ssl: bool = True, use_etag: bool = False, source_hash_sig: Any = None,
                signed_by_any: Any = None, signed_by_all: Any = None, keyring: Any = None,
                gnupghome: Any = None, ignore_ordering: bool = False,
                ignore_whitespace: bool = False, ignore_comment_characters: Any = None,
                sig_backend: str = "gpg", **kwargs: Any) -> Managed:  # fmt: skip
    """
    Return (path, sum, problem) for the source of a managed file.

    The path is "" where the file need not be fetched yet; the problem is "" if there is none. With
    ``template`` the path is that of a temporary file, filled in: beside what all templates find it
    finds name, source, user, group, mode, attrs, the further named arguments, and ``context`` over
    ``defaults``.

    CLI Example: txsalt-cli '*' file.get_managed /etc/httpd.conf '' salt://http/httpd.conf '' ''
        root root 755 '' base '' ''
    """
    if not source:
        return "", {}, ""
    scheme = urlsplit(source).scheme
    path = _local_path(source, scheme)
    if path is not None and not os.path.exists(path):
        return "", {}, f"Local file source {path} does not exist"
    try:
        known = _known_sum(name, source, scheme, path, saltenv, {
            "source_hash": source_hash, "source_hash_name": source_hash_name,
            "skip_verify": skip_verify, "verify_ssl": verify_ssl, "use_etag": use_etag,
            "source_hash_sig": source_hash_sig,
        })  # fmt: skip
        if scheme in _REMOTE:
            path = _fetched(source, saltenv, known, bool(skip_verify), verify_ssl, use_etag)
            if skip_verify and not known:
                known = {"hash_type": "sha256", "hsum": get_hash(path)}
        elif template and scheme == "salt":
            path = _fetched(source, saltenv, known, bool(skip_verify), verify_ssl, use_etag)
    except (CommandExecutionError, SaltInvocationError) as exc:
        return "", {}, f"Unable to manage file: {exc}"
    if not template:
        return path or "", known, ""
    if path == name:
        raise SaltInvocationError("Source file cannot be the same as destination")
    values = {**kwargs, "name": name, "source": source, "user": user, "group": group,
              "mode": mode, "attrs": attrs, "saltenv": saltenv}  # fmt: skip
    return _filled(str(path), known, template, {**values, **_given(defaults, context)})


def apply_template_on_contents(contents: Any, template: str, context: Any, defaults: Any,
                               saltenv: str) -> Any:  # fmt: skip
    """
    Return a text, filled in; {"result": False, "comment"} for an unknown engine.

    CLI Example: txsalt-cli '*' file.apply_template_on_contents 'This is {{ what }}.' jinja
        '{}' '{what: cool}' base
    """
    if template not in ENGINES:
        comment = f"Specified template format {template} is not supported"
        return {"result": False, "comment": comment}
    known = context_of(globals(), {"saltenv": saltenv})
    given = {"template": template, "saltenv": saltenv}
    values = {**known, **_given(defaults, context)}
    return fill(globals(), given, str(contents), "the contents", values)


def _given(defaults: Any, context: Any) -> dict[str, Any]:
    return {**(defaults or {}), **(context or {})}


def _filled(path: str, known: dict[str, str], template: str, values: dict[str, Any]) -> Managed:
    """Fill in a file whose sum is known, if any; give the place of the result, and its sum."""
    if template not in ENGINES:
        return path, {}, f"Specified template format {template} is not supported"
    stated = known.get("hsum")
    if stated and get_hash(path, known["hash_type"]) != stated.lower():
        return path, {}, f"{_web.redacted(values['source'])} has another checksum than specified"
    context = {**context_of(globals(), {"saltenv": values["saltenv"]}), **values}
    try:
        content = fill_file(globals(), path, str(values["source"]), context)
        place = keep(content)
    except RenderError as exc:
        return path, {}, f"the template cannot be filled in: {exc}"
    except OSError as exc:
        return path, {}, f"{path}: {exc.strerror or exc}"
    return place, {"hash_type": "sha256", "hsum": get_hash(place)}, ""


def _is_there(source: str, saltenv: str) -> bool:
    address = urlsplit(source)
    if address.scheme == "salt":
        # Asked by its checksum: one small request, however many files the master has.
        return bool(__salt__["cp.hash_file"](source, saltenv)) or _is_folder(source, saltenv)
    if address.scheme in ("http", "https"):
        return _web.exists(source)
    path = _local_path(source, address.scheme)
    return path is not None and os.path.isabs(path) and os.path.exists(path)


def _is_folder(source: str, saltenv: str) -> bool:
    path, _, named = source.removeprefix("salt://").partition("?saltenv=")
    return path.strip("/") in __salt__["cp.list_master_dirs"](named or saltenv)


def _local_path(source: str, scheme: str) -> str | None:
    if scheme == "file":
        address = urlsplit(source)
        return f"{address.netloc}{address.path}".rstrip("/")
    return None if scheme == "salt" or scheme in _REMOTE else source


def _known_sum(name: str, source: str, scheme: str, path: str | None, saltenv: str,
               given: dict[str, Any]) -> dict[str, str]:  # fmt: skip
    """Give the sum that the source must have; {} if nobody states one and that is allowed."""
    if scheme == "salt":
        known = __salt__["cp.hash_file"](source, saltenv)
        if not known:
            raise CommandExecutionError(f"{source} is not in the environment {saltenv}")
        return known
    if path is not None and not given["source_hash"]:
        return {"hash_type": "sha256", "hsum": get_hash(path)}
    if given["skip_verify"]:
        return {}
    if given["source_hash"]:
        return get_source_sum(
            name,
            source,
            given["source_hash"],
            given["source_hash_name"],
            saltenv,
            verify_ssl=given["verify_ssl"],
            source_hash_sig=given["source_hash_sig"],
        )
    if given["use_etag"]:
        return {}
    raise CommandExecutionError(f"{_web.redacted(source)}: set source_hash, or skip_verify to True")


def _fetched(source: str, saltenv: str, known: dict[str, str], skip_verify: bool,
             verify_ssl: bool, use_etag: bool) -> str:  # fmt: skip
    cached = __salt__["cp.is_cached"](source, saltenv)
    if cached and skip_verify and not known:
        return cached
    if cached and known and get_hash(cached, known["hash_type"]) == known["hsum"]:
        return cached
    path = __salt__["cp.cache_file"](
        source,
        saltenv,
        source_hash=known.get("hsum"),
        verify_ssl=verify_ssl,
        use_etag=use_etag,
    )
    if not path or not os.path.exists(path):
        raise CommandExecutionError(f"{_web.redacted(source)} was not found")
    return path
