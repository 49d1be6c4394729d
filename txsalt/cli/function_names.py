"""
Names of functions for completion, read from sources: those of our modules, and of the master's own.

Nothing is imported: a hundred modules would take a second, and those of the file roots are for
minions. These roots may hold anything, so that only so many files and bytes are read.
"""

import os
import re
from collections.abc import Iterator
from itertools import islice

from txsalt.errors import LocalError

_MOST_FILES = 500  # in _modules of all file roots together
_MOST_BYTES = 4 * 1024 * 1024
_MOST_OF_A_FILE = 256 * 1024
_DEFINITION = re.compile(r"^def ([A-Za-z][A-Za-z0-9_]*)\(", re.M)
_VIRTUAL_NAME = re.compile(r"^__virtualname__\s*=\s*[\"']([\w.-]+)[\"']", re.M)
_ALIASES = re.compile(r"[\"'](\w+_)[\"']: [\"'](\w+)[\"']")


def known(folder: str) -> list[str]:
    """Return the functions that minions have: ours, and those that the master would sync."""
    return sorted({*_built_in(), *_in_roots(folder)})


def built_in() -> list[str]:
    """Return the functions of our own modules."""
    return sorted(set(_built_in()))


def _built_in() -> Iterator[str]:
    import txsalt

    folder = os.path.join(os.path.dirname(txsalt.__file__), "modules")
    for entry in os.scandir(folder):
        if not entry.name.startswith("_"):
            text = "\n".join(_sources(entry.path))
            yield from _names_in(text, entry.name.removesuffix(".py"))


def _sources(path: str) -> list[str]:
    names = [path]
    if os.path.isdir(path):
        names = [os.path.join(path, name) for name in os.listdir(path) if name.endswith(".py")]
    texts = []
    for name in names:
        if name.endswith(".py") and not os.path.basename(name).startswith("_"):
            with open(name, encoding="utf-8") as file:
                texts.append(file.read())
    return texts


def _in_roots(folder: str) -> Iterator[str]:
    left = _MOST_BYTES
    for path in islice(_files_in_roots(folder), _MOST_FILES):
        try:
            with open(path, "rb") as file:
                source = file.read(min(left, _MOST_OF_A_FILE))
        except OSError:
            continue
        left -= len(source)
        if left <= 0:
            return
        name = os.path.basename(path).removesuffix(".py")
        yield from _names_in(source.decode("utf-8", "replace"), name)


def _files_in_roots(folder: str) -> Iterator[str]:
    from txsalt.config.read import read_master

    try:
        config, _ = read_master(folder)
    except (LocalError, OSError):
        return  # ours are known all the same
    for root in (each for roots in config.file_roots.values() for each in roots):
        try:
            entries = list(islice(os.scandir(os.path.join(root, "_modules")), _MOST_FILES))
            # Regular files only: whoever opens a pipe waits for its other end.
            files = [each.path for each in entries if each.name.endswith(".py") and each.is_file()]
        except OSError:
            continue
        yield from (each for each in sorted(files) if not os.path.basename(each).startswith("_"))


def _names_in(text: str, module: str) -> Iterator[str]:
    named = _VIRTUAL_NAME.search(text)
    module = named[1] if named else module
    aliases = dict(_ALIASES.findall(text))
    for match in _DEFINITION.finditer(text):
        yield f"{module}.{aliases.get(match[1], match[1])}"
