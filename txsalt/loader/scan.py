"""
Find module files: which names a set of places offers, without importing any of them.

Modules are Python files, folders with an ``__init__.py``, and compiled extensions (``.so``). Files
of other kinds that Salt may load are offered, too, with the reason why they cannot be loaded here.

A place is a folder: one of the user's, or one of our packages. Earlier places win: a file of the
user's replaces ours of the same name as a whole. Files and folders whose names start with an
underscore or a dot belong to the modules themselves and are not offered.

Source: Salt 3008.3, loader/lazy.py _refresh_file_mapping.
"""

import functools
import os
import re
from collections.abc import Iterable
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec

from txsalt.light import frozen

_VIRTUAL_NAME = re.compile(rb"^__virtualname__\s*=\s*[\"']([\w.-]+)[\"']", re.MULTILINE)
_VIRTUAL_FUNCTION = re.compile(rb"^def __virtual__\b", re.MULTILINE)

# Name, tag of what it was built for, suffix: "fast.cpython-311-x86_64-linux-gnu.so".
_BUILT = re.compile(r"(?P<name>.+?)(?P<suffix>(\.(cpython|abi|pypy|graalpy)[\w-]*)?\.so)")
_NOT_LOADED = {
    ".pyx": "Cython source is not compiled here; sync what it compiles to (.so), or a .py",
    ".zip": "modules are not loaded from archives; sync the folder, with its __init__.py",
}


@frozen
class Place:
    """A folder of modules; ``package`` is its import name if it is one of ours, else ""."""

    directory: str
    package: str = ""


@frozen(kw_only=True)
class ModuleFile:
    """
    A module that was found, and what its source says about its name.

    ``virtual_name`` is the text of ``__virtualname__`` or ""; ``may_rename`` is True if only
    running ``__virtual__`` can tell under which name it will appear. ``trouble`` says why a file
    of a kind that is not loaded is none, else "".
    """

    name: str
    path: str
    package: str
    virtual_name: str = ""
    may_rename: bool = False
    trouble: str = ""


def folder(directory: str | os.PathLike[str]) -> Place:
    """Name a folder of the user's as a place; it need not exist."""
    return Place(os.path.abspath(directory))


def package(name: str) -> Place:
    """Name one of our packages as a place. Raises ModuleNotFoundError if there is none."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"no package {name}", name=name)
    return Place(next(iter(spec.submodule_search_locations)), name)


def scan(places: Iterable[Place]) -> dict[str, ModuleFile]:
    """List the modules of all places by file name, those of earlier places first."""
    found: dict[str, ModuleFile] = {}
    for place in places:
        for file in _ours(place) if place.package else _files(place):
            found.setdefault(file.name, file)
    return found


def marks(places: Iterable[Place]) -> tuple[tuple[str, int, int, int], ...]:
    """Name the files that ``scan`` reads in folders of the user's, each as it is now."""
    return tuple(
        _mark(path)
        for place in places
        if not place.package
        for _, path in _sources(place.directory)
    )


@functools.cache
def _ours(place: Place) -> tuple[ModuleFile, ...]:
    """List a package of ours; it stays as it is while the process lives, and jobs inherit it."""
    return _files(place)


def _files(place: Place) -> tuple[ModuleFile, ...]:
    return tuple(_describe(*source, place.package) for source in _sources(place.directory))


def _sources(directory: str) -> list[tuple[str, str]]:
    """Return name and path of each module in a folder."""
    try:
        entries = sorted(os.listdir(directory))
    except OSError:
        return []  # A folder that is not there (yet) has no modules.
    best: dict[str, tuple[int, str]] = {}
    for entry in entries:
        if entry.startswith(("_", ".")):
            continue
        rank, name, path = _source(directory, entry)
        # Of one name a folder comes first, as with Salt, and what cannot be loaded last.
        if name and (name not in best or rank < best[name][0]):
            best[name] = rank, path
    return [(name, path) for name, (_, path) in best.items()]


def _source(directory: str, entry: str) -> tuple[int, str, str]:
    """Return rank, name and path of the module that an entry of a folder is; no name for none."""
    path = os.path.join(directory, entry)
    name, suffix = os.path.splitext(entry)
    if suffix == ".py":
        return 2, name, path
    if built := _BUILT.fullmatch(entry):
        return 1 if built["suffix"] in EXTENSION_SUFFIXES else 3, built["name"], path
    if suffix in _NOT_LOADED:
        return 3, name, path
    inside = os.path.join(path, "__init__.py")
    return 0, entry if os.path.isfile(inside) else "", inside


def _mark(path: str) -> tuple[str, int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return path, 0, 0, 0
    return path, status.st_ino, status.st_mtime_ns, status.st_size


def _describe(name: str, path: str, package_name: str) -> ModuleFile:
    if not path.endswith(".py"):
        return ModuleFile(name=name, path=path, package=package_name, trouble=_trouble(path))
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError:
        source = b""  # Importing it will say what is wrong.
    named = _VIRTUAL_NAME.search(source)
    return ModuleFile(
        name=name,
        path=path,
        package=package_name,
        virtual_name=named.group(1).decode() if named else "",
        may_rename=named is None and _VIRTUAL_FUNCTION.search(source) is not None,
    )


def _trouble(path: str) -> str:
    built = _BUILT.fullmatch(os.path.basename(path))
    if built is None:
        return f"{_NOT_LOADED[os.path.splitext(path)[1]]} ({path})"
    if built["suffix"] in EXTENSION_SUFFIXES:
        return ""
    return f"it was built for another Python than {EXTENSION_SUFFIXES[0]} ({path})"
