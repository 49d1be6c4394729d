"""
Grains of the user's own modules: every public function of theirs returns a map of grains.

The modules are in ``grains_dirs``, ``module_dirs`` and what ``saltutil.sync_grains`` brought. They
find in ``__grains__`` and ``__opts__["grains"]`` what people wrote down; a function that takes
``grains`` gets all that is known so far.

Source: Salt 3008.3, loader/__init__.py grains().
"""

import inspect
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any  # grains hold values of any type

from txsalt.loader.functions import Functions
from txsalt.loader.opts import make_opts
from txsalt.loader.places import places_of
from txsalt.loader.scan import scan

log = logging.getLogger(__name__)

Function = Callable[..., Any]
Import = Callable[[Mapping[str, Any]], dict[str, Function]]


def imports(config: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Import]:
    """
    Give for each of the user's grains modules what imports it and gives its functions, by name.

    ``written`` are the grains that people wrote down. A module may hang: the caller limits the
    time.
    """
    return {
        f"the module {name}": partial(_import, name, written)
        for name in scan(places_of(config, "grains"))
    }


def takes_grains(function: Function) -> bool:
    """Tell whether a function wishes to know the other grains."""
    try:
        return "grains" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False  # a compiled one, of which nothing is known


def answer(function: Function, known: Mapping[str, Any]) -> dict[str, Any]:
    """Call a function; ``known`` is its own copy. Raises TypeError if it gives no map."""
    given = function(grains=known) if takes_grains(function) else function()
    return dict(_checked(given))


def _import(
    name: str, written: Mapping[str, Any], config: Mapping[str, Any]
) -> dict[str, Function]:
    # The same maps for all its functions: they may read what they like, and nobody writes.
    dunders: dict[str, Any] = {
        "__opts__": make_opts(config, written, {}),
        "__grains__": written,
        "__pillar__": {},
        "__context__": {},
        "__salt__": {},
    }
    utils = _Utils(places_of(config, "utils"), dunders, kind="utils")
    utils.share("__utils__", utils)
    dunders["__utils__"] = utils
    functions = Functions(places_of(config, "grains"), dunders, kind="grains", only=name)
    found = {each: functions[each] for each in functions.names()}
    for module, reason in functions.failed_modules().items():
        log.info("grains: the module %s is left out: %s", module, reason)
    return found


class _Utils(Functions):
    """Utility modules of one grains module, whose functions ask for them side by side."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lock = threading.RLock()  # again by the same thread: utilities use each other
        super().__init__(*args, **kwargs)

    def _find(self, name: str) -> Function | None:
        with self._lock:
            return super()._find(name)


def _checked(given: Any) -> Iterator[tuple[str, Any]]:
    if given is None:
        return
    if not isinstance(given, Mapping):
        raise TypeError(f"a map was expected, not {type(given).__name__}")
    yield from ((str(name), value) for name, value in given.items())
