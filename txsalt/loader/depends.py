"""
Functions that exist only where something they need exists.

A module of a user's says ``from txsalt.loader.depends import depends``, and above a function::

    @depends("lxml")                            # a global of the module, set and not empty
    @depends("HAS_X", fallback_function=other)  # else ``other`` takes its name
    @depends("/opt/check --all", retcode=0)     # a command that ends so; nonzero_retcode likewise

Modules that import Salt's decorator of this name work where the salt package is installed.

Source: Salt 3008.3, utils/decorators Depends.
"""

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any  # functions of modules take and return whatever they like

from txsalt.light import frozen

_ATTRIBUTE = "__txsalt_depends__"
_COMMAND_LIMIT = 10.0  # seconds

Function = Callable[..., Any]


@frozen(kw_only=True)
class Need:
    """What one use of the decorator asks for."""

    dependencies: tuple[object, ...]
    fallback: Function | None = None
    retcode: int | None = None
    nonzero_retcode: bool | None = None


def depends(
    *dependencies: object,
    fallback_function: Function | None = None,
    retcode: int | None = None,
    nonzero_retcode: bool | None = None,
) -> Callable[[Function], Function]:
    """Offer a function only if all dependencies are met; else its fallback, if it has one."""
    need = Need(
        dependencies=dependencies,
        fallback=fallback_function,
        retcode=retcode,
        nonzero_retcode=nonzero_retcode,
    )

    def mark(function: Function) -> Function:
        vars(function).setdefault(_ATTRIBUTE, []).append(need)
        return function

    return mark


def enforced(
    functions: Mapping[str, Function], module: ModuleType, kind: str
) -> dict[str, Function]:
    """Return the functions whose needs are met, and the fallbacks of the others."""
    kept = {name: _chosen(function, vars(module)) for name, function in functions.items()}
    left = {name: function for name, function in kept.items() if function is not None}
    return _by_salts_decorator(left, module, kind)


def _chosen(function: Function, names: Mapping[str, object]) -> Function | None:
    for need in getattr(function, _ATTRIBUTE, ()):
        if not all(_is_met(each, need, names) for each in need.dependencies):
            return need.fallback
    return function


def _is_met(dependency: object, need: Need, names: Mapping[str, object]) -> bool:
    if need.retcode is not None or need.nonzero_retcode is not None:
        code = _exit_code(str(dependency))
        if need.retcode is not None:
            return code == need.retcode
        return (code != 0) == need.nonzero_retcode
    if isinstance(dependency, str):
        return bool(names.get(dependency))
    return bool(dependency)


def _exit_code(command: str) -> int:
    # Here: few modules depend on a command.
    import shlex
    import subprocess

    try:
        done = subprocess.run(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_LIMIT,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return -1
    return done.returncode


def _by_salts_decorator(
    functions: dict[str, Function], module: ModuleType, kind: str
) -> dict[str, Function]:
    """Heed Salt's own decorator, if the module (or another one) brought it into this process."""
    salts = sys.modules.get("salt.utils.decorators")
    if salts is None:
        return functions
    name = module.__name__.rpartition(".")[2]
    named = {f"{name}.{each}": function for each, function in functions.items()}
    salts.Depends.enforce_dependencies(named, kind, name)
    return {each.partition(".")[2]: function for each, function in named.items()}
