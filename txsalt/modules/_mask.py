"""
Mask values of the pillar in what functions return, where a minion or a caller wants that.

Templates are filled in with the values themselves, Salt's own as well as ours.

Source: Salt 3008.3, utils/secret.py, which values are masked and with what.
"""

import sys
from collections.abc import Mapping
from typing import Any  # pillar holds values of any type

PLACEHOLDER = "**********"


def shown(value: Any, unmask: bool | None, opts: Mapping[str, Any]) -> Any:
    """
    Return ``value`` as it is or masked, as ``unmask`` of a call says.

    None leaves it to the option ``pillar_mask_output``.
    """
    if unmask is None:
        unmask = not opts.get("pillar_mask_output") or _fills_in_a_template()
    return value if unmask else masked(value)


def masked(value: Any) -> Any:
    """Replace every text, number and True by stars; what is empty, 0 or False tells nothing."""
    if isinstance(value, Mapping):
        return {key: masked(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked(each) for each in value]
    if not value or not isinstance(value, str | bytes | int | float):
        return value
    return PLACEHOLDER.encode() if isinstance(value, bytes) else PLACEHOLDER


def _fills_in_a_template() -> bool:
    # Who has not imported these is not filling in a template with them.
    ours = sys.modules.get("txsalt.renderers.jinja")
    salts = sys.modules.get("salt.utils.secret")
    if ours is not None and ours.is_filling.get():
        return True
    return salts is not None and not salts.mask_pillar.get()
