"""
Say what would change about a managed file, without changing it.

Source: Salt 3008.3, modules/file.py check_managed, check_file_meta.
"""

import os
import tempfile
from typing import Any  # states pass whatever users wrote
from urllib.parse import urlsplit

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules.file._compare import Ignored, difference
from txsalt.modules.file._paths import explained, octal
from txsalt.modules.file._rendered import discard, keep
from txsalt.modules.file.attributes import stats
from txsalt.modules.file.permissions import lsattr
from txsalt.modules.file.sources import get_managed, source_list


def check_managed(name: str, source: Any, source_hash: Any, source_hash_name: str | None, user: Any,
                  group: Any, mode: Any, attrs: Any, template: str | None, context: Any,
                  defaults: Any, saltenv: str, contents: Any = None, skip_verify: bool = False,
                  seuser: Any = None, serole: Any = None, setype: Any = None, serange: Any = None,
                  follow_symlinks: bool = False,
                  **kwargs: Any) -> tuple[bool | None, str]:  # fmt: skip
    """
    Return (True, text) if a managed file is as it should be, (None, changes) or (False, problem).

    CLI Example: txsalt-cli '*' file.check_managed /etc/httpd.conf salt://http/httpd.conf '' ''
        root root 755 '' '' '' '' base
    """
    changes = check_managed_changes(
        name, source, source_hash, source_hash_name, user, group, mode, attrs, template, context,
        defaults, saltenv, contents, skip_verify, False, seuser, serole, setype, serange,
        follow_symlinks=follow_symlinks, **kwargs,
    )  # fmt: skip
    if isinstance(changes, tuple):
        return changes
    if name.startswith(tempfile.gettempdir()):
        changes = {key: changes[key] for key in changes if key not in ("user", "group", "mode")}
    if not changes:
        return True, f"The file {name} is in the correct state"
    told = "".join(f"{key}: {value}\n" for key, value in changes.items())
    return None, f"The following values are set to be changed:\n{told}"


def check_managed_changes(name: str, source: Any, source_hash: Any, source_hash_name: str | None,
                          user: Any, group: Any, mode: Any, attrs: Any, template: str | None,
                          context: Any, defaults: Any, saltenv: str, contents: Any = None,
                          skip_verify: bool = False, keep_mode: bool = False, seuser: Any = None,
                          serole: Any = None, setype: Any = None, serange: Any = None,
                          verify_ssl: bool = True, follow_symlinks: bool = False,
                          ignore_ordering: bool = False, ignore_whitespace: bool = False,
                          ignore_comment_characters: Any = None, new_file_diff: bool = False,
                          **kwargs: Any) -> Any:  # fmt: skip
    """
    Return the changes a managed file needs as a map, or (False, problem).

    CLI Example: txsalt-cli '*' file.check_managed_changes /etc/httpd.conf salt://http/httpd.conf
        '' '' root root 755 '' '' '' '' base
    """
    source, source_hash = source_list(source, source_hash, saltenv)
    place, known = "", dict[str, str]()
    if contents is None:
        place, known, problem = get_managed(
            name, template, source, source_hash, source_hash_name, user, group, mode, attrs,
            saltenv, context, defaults, skip_verify, verify_ssl=verify_ssl, **kwargs,
        )  # fmt: skip
        if problem:
            return False, problem
        if source and keep_mode and urlsplit(source).scheme in ("", "salt", "file"):
            mode = __salt__["cp.stat_file"](source, saltenv=saltenv, octal=True) or mode
    try:
        return check_file_meta(
            name, place, source, known, user, group, mode, attrs, saltenv, contents, seuser, serole,
            setype, serange, verify_ssl, follow_symlinks, ignore_ordering, ignore_whitespace,
            ignore_comment_characters, new_file_diff,
        )  # fmt: skip
    finally:
        discard(place)


def check_file_meta(name: str, sfn: str, source: Any, source_sum: Any, user: Any, group: Any,
                    mode: Any, attrs: Any, saltenv: str, contents: Any = None, seuser: Any = None,
                    serole: Any = None, setype: Any = None, serange: Any = None,
                    verify_ssl: bool = True, follow_symlinks: bool = False,
                    ignore_ordering: bool = False, ignore_whitespace: bool = False,
                    ignore_comment_characters: Any = None,
                    new_file_diff: bool = False) -> Any:  # fmt: skip
    """
    Return the changes a file needs: newfile, diff, user, group, mode, attrs.

    With one of the ignore options: a pair of whether the content differs in what counts, and the
    changes.

    CLI Example: txsalt-cli '*' file.check_file_meta /etc/httpd.conf salt://http/httpd.conf
        salt://http/httpd.conf '{hash_type: md5, hsum: <digits>}' root root '755' '' base
    """
    known = dict(source_sum or {})
    ignored = Ignored(ignore_ordering, ignore_whitespace, ignore_comment_characters)
    try:
        present = stats(name, known.get("hash_type"), follow_symlinks)
    except CommandExecutionError:
        present = {}
    changes: dict[str, Any] = {}
    if not present and not new_file_diff:
        changes["newfile"] = name
        return (True, changes) if ignored else changes
    counts = False
    if "hsum" in known and known["hsum"].lower() != present.get("sum"):
        place = sfn or _fetched(source, known, saltenv, verify_ssl)
        if place:
            counts, changes["diff"] = difference(name, place, present, ignored, template=True)
        else:
            changes["sum"] = "Checksum differs"
    if contents is not None:
        counts, told = _contents_difference(name, contents, present, ignored)
        if told:
            changes["diff"] = told
    if present:
        changes.update(_meta_changes(name, present, user, group, mode, attrs))
    return (counts, changes) if ignored else changes


def _contents_difference(
    name: str, contents: Any, present: Any, ignored: Ignored
) -> tuple[bool, str]:
    raw = contents if isinstance(contents, bytes) else str(contents).encode()
    with explained("no room for the contents"):
        place = keep(raw)
    try:
        counts, told = difference(name, place, present, ignored)
    finally:
        discard(place)
    if told and __salt__["config.option"]("obfuscate_templates"):
        told = "<Obfuscated Template>"
    return counts, told


def _fetched(source: Any, known: dict[str, str], saltenv: str, verify_ssl: bool) -> str:
    if not source:
        return ""
    return __salt__["cp.cache_file"](
        source, saltenv, source_hash=known["hsum"], verify_ssl=verify_ssl
    )


def _meta_changes(
    name: str, present: dict[str, Any], user: Any, group: Any, mode: Any, attrs: Any
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if user is not None and user not in (present["user"], present["uid"]):
        changes["user"] = user
    if group is not None and group not in (present["group"], present["gid"]):
        changes["group"] = group
    if mode is not None and octal(mode) != present["mode"]:
        changes["mode"] = octal(mode)
    if attrs and os.path.isfile(name):
        has = set((lsattr(name) or {}).get(name, attrs)) - {"e"}
        if has != set(attrs) - {"e"}:
            changes["attrs"] = attrs
    return changes
