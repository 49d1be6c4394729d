"""
Say what functions are for and what they take, as ``sys.doc`` and ``sys.argspec`` answer.

Source: Salt 3008.3, utils/args.py argspec_report, utils/doc.py strip_rst.
"""

import inspect
from collections.abc import Callable
from typing import Any  # defaults are of any type

_DIRECTIVES = (".. code-block::", ".. versionadded::", ".. versionchanged::")


def doc_text(function: Callable[..., Any]) -> str:
    """Give the docstring for a terminal: one line feed at the front and back, markup removed."""
    doc = inspect.getdoc(function)
    if not doc:
        return ""
    kept = [line for line in doc.splitlines() if not line.strip().startswith(_DIRECTIVES)]
    return "\n" + "\n".join(kept).replace("``", "") + "\n"


def argspec(function: Callable[..., Any]) -> dict[str, Any]:
    """
    Give {"args", "defaults", "varargs", "kwargs"}.

    ``args`` and ``defaults`` are lists, ``varargs`` and ``kwargs`` True; each is None if empty.
    """
    parameters = inspect.signature(function).parameters.values()
    named = [
        each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    defaults = [each.default for each in named if each.default is not each.empty]
    kinds = {each.kind for each in parameters}
    return {
        "args": [each.name for each in named] or None,
        "defaults": defaults or None,
        "varargs": inspect.Parameter.VAR_POSITIONAL in kinds or None,
        "kwargs": inspect.Parameter.VAR_KEYWORD in kinds or None,
    }
