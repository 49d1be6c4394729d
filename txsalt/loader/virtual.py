"""
Ask a module whether it serves this machine, and under which name.

Interactions: ``__virtual__`` may return True, False, a name, or a pair of False and a reason;
``__virtualname__`` names the module when ``__virtual__`` returns True. A module without either
has the name of its file.

Source: Salt 3008.3, loader/lazy.py _process_virtual.
"""

from types import FunctionType, ModuleType

from txsalt.light import frozen


@frozen
class Serves:
    """The module loads; its functions are called ``name``.function."""

    name: str
    aliases: tuple[str, ...] = ()


@frozen
class Declines:
    """The module does not load; ``name`` is the one it would have had."""

    name: str
    reason: str


def decide(module: ModuleType, file_name: str) -> Serves | Declines:
    """
    Run ``__virtual__``; an exception in it makes the module decline.

    ``__virtual_aliases__`` are further names for the same functions.
    """
    own_name = getattr(module, "__virtualname__", None)
    name = own_name if isinstance(own_name, str) and own_name else file_name
    function = getattr(module, "__virtual__", None)
    if not isinstance(function, FunctionType):
        return _serves(module, name)
    try:
        answer = function()
    except (Exception, SystemExit) as exc:
        return Declines(name, f"its __virtual__ raised {type(exc).__name__}: {exc}")
    reason = ""
    if isinstance(answer, tuple):
        answer, reason = answer[0], str(answer[1]) if len(answer) > 1 else ""
    if not answer:
        return Declines(name, reason)
    return _serves(module, answer if isinstance(answer, str) else name)


def _serves(module: ModuleType, name: str) -> Serves:
    aliases = getattr(module, "__virtual_aliases__", ())
    given = aliases if isinstance(aliases, list | tuple) else ()
    return Serves(name, tuple(alias for alias in given if isinstance(alias, str)))
