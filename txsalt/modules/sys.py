"""
What this minion can do: functions, what they are for and what they take.
"""

import fnmatch
from typing import Any  # defaults of arguments are of any type

from txsalt.loader.describe import argspec as describe
from txsalt.loader.describe import doc_text
from txsalt.loader.functions import Functions
from txsalt.loader.places import places_of

_RENDERERS = ("jinja", "json", "yaml")


def doc(*args: str) -> dict[str, str]:
    """
    Return the documentation of all functions, of a module, a function, or a pattern.

    CLI Example: txsalt-cli '*' sys.doc cmd.run 'test.*'
    """
    return {name: doc_text(__salt__[name]) for name in list_functions(*args)}


def list_functions(*args: str, **kwargs: Any) -> list[str]:
    """
    List the functions of all modules, of a module, or by a pattern.

    Where the salt package is installed, its functions are among them. All of its modules are
    imported for that, which takes seconds, unless only single functions are named.

    CLI Example: txsalt-cli '*' sys.list_functions 'sys.list_*'
    """
    single = [name for name in args if "." in name and "*" not in name]
    if args and len(single) == len(args):
        return sorted({name for name in single if name in __salt__})
    names = sorted({*__salt__.names(), *__salt__.guest_names()})
    if not args:
        return names
    return _chosen(names, args)


def list_modules(*args: str) -> list[str]:
    """
    List the modules, or those that match a pattern.

    CLI Example: txsalt-cli '*' sys.list_modules 's*'
    """
    return _modules_of(list_functions(), args)


def list_returners(*args: str) -> list[str]:
    """
    List the returners that work on this machine, or those that match a pattern.

    CLI Example: txsalt-cli '*' sys.list_returners
    """
    return _modules_of(list_returner_functions(), args)


def list_returner_functions(*args: str, **kwargs: Any) -> list[str]:
    """
    List the functions of all returners, of a returner, or by a pattern.

    CLI Example: txsalt-cli '*' sys.list_returner_functions sqlite3
    """
    names = _returners().names()
    return _chosen(names, args) if args else names


def list_state_modules(*args: str) -> list[str]:
    """
    List the state modules of your own (``_states``), or those that match a pattern.

    CLI Example: txsalt-cli '*' sys.list_state_modules 'web_*'
    """
    return _modules_of(list_state_functions(), args)


def list_state_functions(*args: str, **kwargs: Any) -> list[str]:
    """
    List the functions of all state modules of your own, of one, or by a pattern.

    CLI Example: txsalt-cli '*' sys.list_state_functions web_site
    """
    names = _of_kind("states").names()
    return _chosen(names, args) if args else names


def list_renderers(*args: str) -> list[str]:
    """
    List the forms of text that this minion reads, or those that match a pattern.

    CLI Example: txsalt-cli '*' sys.list_renderers 'y*'
    """
    return _modules_of(list(_RENDERERS), args)


def list_runners(*args: str) -> list[str]:
    """
    List the runners: none, since they run on the master.

    CLI Example: txsalt-cli '*' sys.list_runners
    """
    return []


def list_runner_functions(*args: str, **kwargs: Any) -> list[str]:
    """
    List the functions of runners: none, since they run on the master.

    CLI Example: txsalt-cli '*' sys.list_runner_functions
    """
    return []


def returner_doc(*args: str) -> dict[str, str]:
    """Return the documentation of all functions of returners, or of those that are named."""
    found = _returners()
    return {name: doc_text(found[name]) for name in list_returner_functions(*args)}


def returner_argspec(module: str = "") -> dict[str, dict[str, Any]]:
    """Return the arguments of functions of returners, as argspec does."""
    found = _returners()
    return {name: describe(found[name]) for name in list_returner_functions(module or "*")}


def argspec(module: str = "") -> dict[str, dict[str, Any]]:
    """
    Return the arguments of functions: args, defaults, varargs, kwargs.

    CLI Example: txsalt-cli '*' sys.argspec 'pkg.*'
    """
    return {name: describe(__salt__[name]) for name in list_functions(module or "*")}


def reload_modules() -> bool:
    """Read all modules anew for the jobs that follow."""
    __daemon__.call("refresh", {"what": "modules"})
    return True


def failed_modules() -> dict[str, str]:
    """Return the modules that did not load on this machine, with the reasons."""
    __salt__.names()  # those not tried yet have no verdict
    return __salt__.failed_modules()


def _returners() -> Functions:
    return _of_kind("returners", "txsalt.returners")


def _of_kind(kind: str, built_in: str = "") -> Functions:
    known = {"__opts__": __opts__, "__grains__": __grains__, "__pillar__": __pillar__}
    dunders = {**known, "__context__": __context__, "__salt__": __salt__}
    return Functions(places_of(__opts__, kind, built_in), dunders, kind=kind)


def _modules_of(functions: list[str], args: tuple[str, ...]) -> list[str]:
    modules = {name.partition(".")[0] for name in functions}
    if args:
        modules = {name for name in modules if any(fnmatch.fnmatch(name, each) for each in args)}
    return sorted(modules)


def _chosen(names: list[str], args: tuple[str, ...]) -> list[str]:
    return sorted({name for wanted in args for name in names if _is_meant(name, wanted)})


def _is_meant(name: str, wanted: str) -> bool:
    if "*" in wanted:
        return fnmatch.fnmatch(name, wanted)
    return name == wanted or name.startswith(wanted.removesuffix(".") + ".")
