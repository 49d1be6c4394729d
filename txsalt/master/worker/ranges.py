"""
The plug-in that knows ranges: a module of the operator's in ``{extension_modules}/ranges``.

It has a function ``expand(text)``, which returns the ids that a range stands for, and finds the
master's configuration in ``__opts__``. Without one, targets by range are refused with a reason.
"""

import logging
from collections.abc import Callable, Collection
from typing import Any  # plug-ins return whatever they like

from txsalt.config.master import MasterConfig
from txsalt.errors import BadTarget
from txsalt.loader.functions import Functions
from txsalt.loader.places import places_of

KIND = "ranges"
_FUNCTION = ".expand"

log = logging.getLogger(__package__)


def expander(config: MasterConfig) -> Callable[[str], Collection[str]]:
    """Return what expands a range; it raises BadTarget with the reason when it cannot."""
    options = config.as_map()
    found = Functions(places_of(options, KIND), {"__opts__": options}, kind=KIND)
    name = next((each for each in sorted(found) if each.endswith(_FUNCTION)), None)

    def expand(text: str) -> Collection[str]:
        if name is None:
            folder = f"{config.extension_modules}/{KIND}"
            raise BadTarget(f"range {text!r}: no plug-in that knows ranges is in {folder}")
        try:
            return _texts(found[name](text))
        except Exception as exc:
            # Code of the operator's: whatever it does, the worker goes on.
            log.exception("%s of range %r", name, text)
            raise BadTarget(f"range {text!r}: {exc or type(exc).__name__}") from exc

    return expand


def _texts(value: Any) -> Collection[str]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise TypeError("the plug-in returned no list of ids")
    return [str(each) for each in value]
