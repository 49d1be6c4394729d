"""
Bring a user's own modules of one kind from the master: ``_modules/``, ``_grains/``, ….

Interactions: cp lists, fetches and verifies the files; here they are compared by content and put
into ``{extension_modules}/{kind}``, each whole or not at all. What the master has no more is
removed, unless ``clean_dynamic_modules`` is off.

Source: Salt 3008.3, utils/extmods.py sync.
"""

import filecmp
import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any  # options and functions are of any type

from attrs import frozen

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._atomic import copy_whole

# What the option grains_cache keeps; removed where grains are to be collected anew.
GRAINS_CACHE = "grains.cache.json"

_SUFFIXES = (".py", ".pyx", ".so", ".zip")


@frozen(kw_only=True)
class Choice:
    """Which modules are wanted, by kind and name without suffix; None: the options say it."""

    only: Any = None
    never: Any = None

    def wants(self, kind: str, name: str, opts: Mapping[str, Any]) -> bool:
        """Tell whether a module is to be synced."""
        only = _listed(self.only, kind, opts.get("extmod_whitelist"))
        never = _listed(self.never, kind, opts.get("extmod_blacklist"))
        return (only is None or name in only) and (never is None or name not in never)


def sync(
    kind: str,
    environments: Iterable[str],
    choice: Choice,
    functions: Mapping[str, Any],
    opts: Mapping[str, Any],
) -> list[str]:
    """
    Sync modules of a kind; return those that are new or changed as "kind.name", in order.

    Those that were removed are not listed, as with Salt. Raises CommandExecutionError.
    """
    target = Path(opts["extension_modules"], kind)
    changed: list[str] = []
    wanted: set[str] = set()
    try:
        for environment in environments:
            for name in _files_of(kind, environment, functions):
                dotted = os.path.splitext(name)[0].replace("/", ".")
                if not choice.wants(kind, dotted, opts):
                    continue
                wanted.add(name)
                source = functions["cp.cache_file"](f"salt://_{kind}/{name}", environment)
                if source and _put(source, target / name):
                    changed.append(f"{kind}.{dotted}")
        if opts.get("clean_dynamic_modules", True):
            _remove_others(target, wanted)
    except OSError as exc:
        raise CommandExecutionError(f"cannot sync {kind}: {exc}") from exc
    return changed


def _listed(given: Any, kind: str, configured: Any) -> list[str] | None:
    if given is None:
        given = configured
    if isinstance(given, str):
        return given.split(",")
    if isinstance(given, Mapping):
        names = given.get(kind)
        return names.split(",") if isinstance(names, str) else names
    return None


def _files_of(kind: str, environment: str, functions: Mapping[str, Any]) -> list[str]:
    prefix = f"_{kind}/"
    found = functions["cp.list_master"](environment, prefix=prefix)
    names = (each.removeprefix(prefix) for each in found if each.startswith(prefix))
    return [
        each for each in names if each.endswith(_SUFFIXES) and ".." not in PurePosixPath(each).parts
    ]


def _put(source: str, path: Path) -> bool:
    """Copy a file unless it is there with the same content; tell whether it was copied."""
    if path.is_file() and filecmp.cmp(source, path, shallow=False):
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy_whole(source, str(path), new_mode=0o600)
    return True


def _remove_others(folder: Path, wanted: set[str]) -> None:
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(place, name)
            if path.relative_to(folder).as_posix() not in wanted:
                path.unlink(missing_ok=True)
        if place != str(folder) and not os.listdir(place):
            os.rmdir(place)
