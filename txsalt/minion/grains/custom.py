"""
Grains of the user's own modules: every public function of theirs returns a map of grains.

The modules are in ``grains_dirs``, ``module_dirs`` and what ``saltutil.sync_grains`` brought. A
function that takes ``grains`` gets those that are known so far.

Source: Salt 3008.3, loader/__init__.py grains().
"""

import copy
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any  # grains hold values of any type

from txsalt.loader.functions import Functions
from txsalt.loader.places import places_of

log = logging.getLogger(__name__)

Source = Callable[[Mapping[str, Any]], dict[str, Any]]


def sources(config: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Source]:
    """
    Give a source for each function of the user's grains modules, by "module.function".

    Importing happens here: the caller limits the time.
    """
    functions = _functions(config, known)
    found = {name: _source(functions[name], known) for name in functions.names()}
    for module, reason in functions.failed_modules().items():
        log.info("grains: the module %s is left out: %s", module, reason)
    return found


def _functions(config: Mapping[str, Any], known: Mapping[str, Any]) -> Functions:
    # The same maps for all: a module may read what it likes, and nobody writes.
    dunders: dict[str, Any] = {
        "__opts__": {**config, "grains": known},
        "__grains__": known,
        "__pillar__": {},
        "__context__": {},
        "__salt__": {},
    }
    utils = Functions(places_of(config, "utils"), dunders, kind="utils")
    utils.share("__utils__", utils)
    return Functions(places_of(config, "grains"), {**dunders, "__utils__": utils}, kind="grains")


def _source(function: Callable[..., Any], known: Mapping[str, Any]) -> Source:
    def collect(_: Mapping[str, Any]) -> dict[str, Any]:
        takes_grains = "grains" in inspect.signature(function).parameters
        answer = function(grains=copy.deepcopy(dict(known))) if takes_grains else function()
        return dict(_checked(answer))

    return collect


def _checked(answer: Any) -> Iterator[tuple[str, Any]]:
    if answer is None:
        return
    if not isinstance(answer, Mapping):
        raise TypeError(f"a map was expected, not {type(answer).__name__}")
    yield from ((str(name), value) for name, value in answer.items())
