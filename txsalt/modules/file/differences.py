"""
Show how two files differ.

Source: Salt 3008.3, modules/file.py get_diff; utils/stringutils.py get_conditional_diff.
"""

import filecmp
import os
from typing import Any  # users pass a sign or a list of them

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules.file._paths import explained
from txsalt.modules.file._text import diff, looks_like_text


def get_diff(file1: str, file2: str, saltenv: str = "base", show_filenames: bool = True,
             show_changes: bool = True, template: bool = False,
             source_hash_file1: str | None = None, source_hash_file2: str | None = None,
             ignore_ordering: bool = False, ignore_whitespace: bool = False,
             ignore_comment_characters: Any = None) -> Any:  # fmt: skip
    """
    Return the difference of two files, paths or addresses; "" if they are equal.

    With one of the ignore options: a pair of whether they differ in what counts, and the whole
    difference.

    CLI Example: txsalt-cli '*' file.get_diff /home/fred/.vimrc salt://users/fred/.vimrc
    """
    sums = (source_hash_file1, source_hash_file2)
    old, new = (_local(*each, saltenv) for each in zip((file1, file2), sums, strict=True))
    if not old or not new:
        missing = [str(name) for name, path in ((file1, old), (file2, new)) if not path]
        raise CommandExecutionError(f"there is no {', and no '.join(missing)}")
    ignoring = bool(ignore_ordering or ignore_whitespace or ignore_comment_characters)
    with explained("cannot read"):
        same_size = os.path.getsize(old) == os.path.getsize(new)
        if same_size and filecmp.cmp(old, new, shallow=False):
            return (False, "") if ignoring else ""
        if template and __salt__["config.option"]("obfuscate_templates"):
            return "<Obfuscated Template>"
        if not show_changes:
            return "<show_changes=False>"
        if kind := _binary_change(old, new):
            return (True, kind) if ignoring else kind
        names = (old, new) if show_filenames else ("", "")
        text = diff(_lines(old), _lines(new), *names)
    if not ignoring:
        return text
    signs = ignore_comment_characters or []
    signs = [signs] if isinstance(signs, str) else list(signs)
    return _counts(text.splitlines(), signs, bool(ignore_whitespace)), text


def _local(name: str, source_hash: str | None, saltenv: str) -> str | None:
    if "://" not in name:
        return name if os.path.isfile(name) else None
    return __salt__["cp.cache_file"](name, saltenv, source_hash=source_hash) or None


def _lines(path: str) -> list[bytes]:
    with open(path, "rb") as file:
        return file.readlines()


def _binary_change(old: str, new: str) -> str:
    match looks_like_text(old), looks_like_text(new):
        case False, False:
            return "Replace binary file"
        case False, True:
            return "Replace binary file with text file"
        case True, False:
            return "Replace text file with binary file"
    return ""


def _counts(lines: list[str], signs: list[str], strip: bool) -> bool:
    """Tell whether what is added is not, in whatever order, what is taken away."""
    added: list[str] = []
    removed: list[str] = []
    for line in lines:
        if line.startswith(("+++", "---")) or line[:1] not in ("+", "-"):
            continue
        text = line[1:]
        for sign in signs:
            text = text.partition(sign)[0]
        if strip:
            text = text.strip()
        if text:
            (added if line[0] == "+" else removed).append(text)
    return sorted(added) != sorted(removed)
