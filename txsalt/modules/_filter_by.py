"""
Choose from a map by a grain or a pillar value, as formulas do.

Source: Salt 3008.3, utils/data.py filter_by.
"""

from collections.abc import Mapping
from typing import Any  # maps of formulas hold values of any type

from txsalt.errors import LocalError
from txsalt.jobs.errors import SaltInvocationError
from txsalt.renderers import lookup as data


def filter_by(lookup: Mapping[Any, Any], found: Any, merge: Any, default: Any, base: Any) -> Any:
    """See renderers.lookup. Raises SaltInvocationError where maps are needed and others given."""
    try:
        return data.filter_by(lookup, found, merge, default, base)
    except LocalError as exc:
        raise SaltInvocationError(str(exc)) from exc
