"""
Where files and folders are in the end: ``root_dir``, patterns in roots, room for socket names.

Source: Salt 3008.3, config: which options ``root_dir`` is prepended to, and which roots are globs.
"""

import glob
import os
from collections.abc import Mapping
from typing import Any

# pki_dir and extension_modules are only here when a file sets them: their defaults follow
# config_dir and cachedir, which are in place already.
_UNDER_ROOT = (
    "pki_dir", "cachedir", "extension_modules", "sock_dir", "pidfile", "log_file",
    "autosign_file", "autoreject_file", "autosign_grains_dir",
)  # fmt: skip
# A socket address in the file system has 108 bytes, of which the last is NUL.
_LONGEST_SOCKET = 107


def placed(values: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """
    Return the options with ``root_dir`` prepended to paths and the patterns in roots expanded.

    ``values`` are what the files set, ``defaults`` what the configuration class knows; derived
    defaults are left to the class.  A log_file that is a URL stays as it is.
    """
    result = dict(values)
    root = os.path.abspath(str(result.get("root_dir", defaults["root_dir"])))
    result["root_dir"] = root
    for name in _UNDER_ROOT:
        path = result.get(name, defaults.get(name))
        if isinstance(path, str) and path and "://" not in path:
            result[name] = _under(root, path)
    for name in ("file_roots", "pillar_roots"):
        if name in result:
            result[name] = _expanded(result[name])
    return result


def socket_problem(sock_dir: str, longest_name: str) -> str | None:
    """Say what is wrong if a socket called ``longest_name`` does not fit, else None."""
    length = len(os.fsencode(os.path.join(sock_dir, longest_name)))
    if length <= _LONGEST_SOCKET:
        return None
    room = _LONGEST_SOCKET - len(longest_name) - 1
    return (
        f"sock_dir {sock_dir} is too long: with {longest_name} it makes a path of {length} bytes, "
        f"and the system allows {_LONGEST_SOCKET}; choose one of at most {room} bytes."
    )


def _under(root: str, path: str) -> str:
    if root == "/":
        return path if path.startswith("/") else f"/{path}"
    if path == root or path.startswith(f"{root}/"):
        return path
    return f"{root}/{path.lstrip('/')}"


def _expanded(roots: Any) -> dict[str, list[str]]:  # Any: read by kinds.roots
    return {
        environment: [place for folder in folders for place in _matches(folder)]
        for environment, folders in roots.items()
    }


def _matches(folder: str) -> list[str]:
    return sorted(glob.glob(folder)) if glob.has_magic(folder) else [folder]
