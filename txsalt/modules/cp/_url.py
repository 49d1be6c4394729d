"""
Addresses of the master's files, such as salt://path?saltenv=name, and patterns of them.

Source: Salt 3008.3, utils/url.py.
"""

import fnmatch
import re

from txsalt.jobs.errors import SaltInvocationError

SALT = "salt://"


def split(url: str, saltenv: str) -> tuple[str, str]:
    """
    Give path and environment of a salt:// address; ``saltenv`` counts where it names none.

    Raises SaltInvocationError for a path that leads out of its environment.
    """
    path, mark, named = url.removeprefix(SALT).partition("?saltenv=")
    if not mark:
        path = path.partition("?env=")[0]
    return inside(path.lstrip("|/")), named or saltenv


def inside(path: str) -> str:
    """Give a path without empty parts. Raises SaltInvocationError if it has a part ".."."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise SaltInvocationError(f"{path}: '..' is not followed here")
    return "/".join(parts)


def one_name(saltenv: str) -> str:
    """Give the name of an environment. Raises SaltInvocationError if it is no name of a folder."""
    if saltenv in ("", ".", "..") or "/" in saltenv or "\0" in saltenv:
        raise SaltInvocationError(f"{saltenv!r} is no name of an environment")
    return saltenv


def chosen(path: str, include: str | None, exclude: str | None) -> bool:
    """Tell whether a path is included and not excluded; patterns are of the shell, or E@regex."""
    if exclude and _fits(path, exclude):
        return False
    return not include or _fits(path, include)


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("E@"):
        return re.search(pattern[2:], path) is not None
    return fnmatch.fnmatch(path, pattern)
