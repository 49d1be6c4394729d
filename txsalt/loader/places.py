"""
Where modules of a kind are: the user's folders first, then those synced from the master, then ours.

Source: Salt 3008.3, loader/__init__.py _module_dirs.
"""

import os
from collections.abc import Mapping

from txsalt.loader.scan import Place, folder, package

# Kinds that have an option for folders of their own.
_OWN_FOLDERS = {
    "modules": "module_dirs",
    "grains": "grains_dirs",
    "utils": "utils_dirs",
    "returners": "returner_dirs",
}


def places_of(config: Mapping[str, object], kind: str, built_in: str = "") -> list[Place]:
    """
    List the places of modules of a ``kind`` ("modules", "grains", "utils", …), best first.

    A folder of ``module_dirs`` may hold folders named after kinds (``grains`` or ``_grains``);
    what lies in it directly are execution modules. ``built_in`` is a package of ours.
    """
    found = []
    for each in _folders(config, "module_dirs"):
        named = [f"{each}/{kind}", f"{each}/_{kind}"]
        found += [path for path in named if os.path.isdir(path)][:1]
    if kind in _OWN_FOLDERS:
        found += _folders(config, _OWN_FOLDERS[kind])
    if config.get("extension_modules"):
        found.append(f"{config['extension_modules']}/{kind}")
    return [folder(path) for path in found] + ([package(built_in)] if built_in else [])


def _folders(config: Mapping[str, object], option: str) -> list[str]:
    value = config.get(option) or []
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] if isinstance(value, list | tuple) else []
