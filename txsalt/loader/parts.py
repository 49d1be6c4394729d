"""
Make one module of a folder of files.

A folder of ours gathers the public functions of all its files under its own name; its
``__init__.py`` holds a docstring only. Files whose names start with an underscore are for the
others to import. A folder of a user's stays what Salt makes of it: its ``__init__.py``.
"""

import importlib
import os
from collections.abc import Mapping
from types import ModuleType

from txsalt.loader.scan import ModuleFile


def parts(module: ModuleType, file: ModuleFile, dunders: Mapping[str, object]) -> list[ModuleType]:
    """
    Give the module, and after it the files of its folder, by name, with their dunders set.

    Raises whatever a file raises while it is imported.
    """
    folder, name = os.path.split(file.path)
    if not file.package or name != "__init__.py":
        return [module]
    names = sorted(
        entry.removesuffix(".py")
        for entry in os.listdir(folder)
        if entry.endswith(".py") and not entry.startswith(("_", "."))
    )
    found = [importlib.import_module(f"{module.__name__}.{each}") for each in names]
    for part in found:
        vars(part).update(dunders)
    return [module, *found]
