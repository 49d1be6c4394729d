"""
Import one module and pick out the functions that it offers.

The dunders (``__salt__``, ``__grains__``, …) are set before a user's module runs, since its top
level may read them. They are globals of the module: one process serves one set of dunders, which
fits jobs, as each is a process.

Source: Salt 3008.3, loader/lazy.py _load_module.
"""

import functools
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any  # functions of modules take and return whatever they like

from txsalt.light import frozen
from txsalt.loader.depends import enforced
from txsalt.loader.parts import parts
from txsalt.loader.scan import ModuleFile

# Modules of users live here in sys.modules, apart from everything that can be imported.
LOADED = "txsalt_loaded"


@frozen
class Unloadable(Exception):
    """A module that raised while it was imported."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def import_module(file: ModuleFile, dunders: Mapping[str, object], kind: str) -> ModuleType:
    """
    Import a module and set its dunders; ``kind`` keeps modules of one name apart ("modules", …).

    Raises Unloadable, whatever the module did, even if it tried to exit.
    """
    if file.trouble:
        raise Unloadable(file.trouble)
    try:
        if file.package:
            module = importlib.import_module(f"{file.package}.{file.name}")
            vars(module).update(dunders)
        else:
            module = _import_path(file, dunders, f"{LOADED}.{kind}.{file.name}")
        _initialise(module, dunders)
    except (Exception, SystemExit) as exc:
        raise Unloadable(_explain(exc, file)) from exc
    return module


def import_parts(file: ModuleFile, dunders: Mapping[str, object], kind: str) -> list[ModuleType]:
    """Import a module and, if it is a folder of ours, its files. Raises Unloadable."""
    module = import_module(file, dunders, kind)
    try:
        return parts(module, file, dunders)
    except (Exception, SystemExit) as exc:
        raise Unloadable(_explain(exc, file)) from exc


def public_functions(module: ModuleType, kind: str = "modules") -> dict[str, Callable[..., Any]]:
    """
    Give the functions of a module by the names users call them by.

    Hidden are names with a leading underscore, functions that the module only imported, and those
    whose needs (``depends``) are not met. ``__load__`` (or ``__all__``) narrows the choice;
    ``__func_alias__`` renames. Raises Unloadable if one of these is not of its form.
    """
    try:
        return enforced(_pick(module), module, kind)
    except (TypeError, AttributeError) as exc:
        raise Unloadable(f"__load__, __all__ or __func_alias__ is malformed: {exc}") from exc


def outputters(module: ModuleType) -> dict[str, str]:
    """Give ``__outputter__`` of a module, by public function name; {} if it is not a map."""
    named = getattr(module, "__outputter__", None)
    alias: dict[str, str] = getattr(module, "__func_alias__", {})
    if not isinstance(named, dict):
        return {}
    return {alias.get(name) or name: how for name, how in named.items()}


def _pick(module: ModuleType) -> dict[str, Callable[..., Any]]:
    chosen = getattr(module, "__load__", None) or getattr(module, "__all__", None) or dir(module)
    alias: dict[str, str] = getattr(module, "__func_alias__", {})
    functions: dict[str, Callable[..., Any]] = {}
    for attribute in chosen:
        function: Any = getattr(module, attribute, None)
        if not attribute.startswith("_") and _belongs(function, module):
            functions[alias.get(attribute, attribute)] = function
    return functions


def _import_path(file: ModuleFile, dunders: Mapping[str, object], name: str) -> ModuleType:
    locations = [file.path.rpartition("/")[0]] if file.path.endswith("/__init__.py") else None
    spec = importlib.util.spec_from_file_location(
        name, file.path, submodule_search_locations=locations
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"not a Python file: {file.path}")
    module = importlib.util.module_from_spec(spec)
    vars(module).update(dunders)
    sys.modules[name] = module  # dataclasses and relative imports look it up while it runs
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _initialise(module: ModuleType, dunders: Mapping[str, object]) -> None:
    initialise = vars(module).get("__init__")
    if isinstance(initialise, FunctionType):
        initialise(dunders.get("__opts__", {}))


def _belongs(function: object, module: ModuleType) -> bool:
    if isinstance(function, functools.partial):
        return True
    if not isinstance(function, FunctionType) and not _is_compiled(function, module):
        return False
    home = getattr(function, "__module__", None) or ""
    return home == module.__name__ or home.startswith(module.__name__ + ".")


def _is_compiled(function: Any, module: ModuleType) -> bool:
    """Tell whether a function comes from C, in a module that does, and says what it takes."""
    if not (module.__file__ or "").endswith(".so") or isinstance(function, type):
        return False
    # Here, as few people have such modules.
    import inspect

    try:
        return callable(function) and inspect.signature(function) is not None
    except (TypeError, ValueError):
        return False


def _explain(exc: BaseException, file: ModuleFile) -> str:
    places = [
        frame for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == file.path
    ]
    if isinstance(exc, ModuleNotFoundError) and (exc.name or "").partition(".")[0] == "salt":
        return f"{exc} ({file.path}); pip install 'txsalt[salt]' brings Salt's library"
    where = f" (line {places[-1].lineno} of {file.path})" if places else f" ({file.path})"
    return f"{type(exc).__name__}: {exc}{where}"
