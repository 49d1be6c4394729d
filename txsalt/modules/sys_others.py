"""
Documentation and arguments of what is no execution module: states of your own, renderers, runners.
"""

from typing import Any  # defaults of arguments are of any type

from txsalt.loader.describe import argspec as describe
from txsalt.loader.describe import doc_text
from txsalt.loader.functions import Functions
from txsalt.loader.places import places_of

__virtualname__ = "sys"

_RENDERERS = {
    "jinja": "Fill in templates; docs/pillar.md says what they find.",
    "json": "Read JSON.",
    "yaml": "Read YAML: plain values, no key twice in a map.",
}


def state_doc(*args: str) -> dict[str, str]:
    """
    Return the documentation of the state modules of your own (``_states``), or of some.

    CLI Example: txsalt-cli '*' sys.state_doc 'web_*'
    """
    known = _states()
    return {name: doc_text(known[name]) for name in __salt__["sys.list_state_functions"](*args)}


def state_argspec(module: str = "") -> dict[str, dict[str, Any]]:
    """Return the arguments of functions of state modules of your own, as argspec does."""
    known = _states()
    names = __salt__["sys.list_state_functions"](module or "*")
    return {name: describe(known[name]) for name in names}


def renderer_doc(*args: str) -> dict[str, str]:
    """Return the documentation of the renderers, or of those that match a pattern."""
    return {name: _RENDERERS[name] for name in __salt__["sys.list_renderers"](*args)}


def runner_doc(*args: str) -> dict[str, str]:
    """Return nothing: runners run on the master."""
    return {}


def runner_argspec(module: str = "") -> dict[str, dict[str, Any]]:
    """Return nothing: runners run on the master."""
    return {}


def _states() -> Functions:
    known = {"__opts__": __opts__, "__grains__": __grains__, "__pillar__": __pillar__}
    dunders = {**known, "__context__": __context__, "__salt__": __salt__}
    return Functions(places_of(__opts__, "states"), dunders, kind="states")
