"""
Give returns to a returner, in a job's process: people's own ones come from ``_returners``.

The daemon's frame has ``returner`` (a name) and ``rets`` (a list of returns). The result holds an
outcome for each return that was tried: None, {"refused": why} if there is no such returner, or
{"failed": why}, after which the rest is not tried: the returner is likely to be down.
"""

from collections.abc import Callable, Mapping
from typing import Any  # returns hold what functions give

from txsalt.loader.functions import Functions
from txsalt.loader.places import places_of
from txsalt.minion.jobrunner.execute import Context, loaded

BUILT_IN = "txsalt.returners"

_LONGEST_REASON = 500  # characters


def run(load: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Deliver ``rets`` in their order."""
    function = _returner(load["returner"], context)
    if isinstance(function, str):
        outcomes: list[Any] = [{"refused": function}] * len(load["rets"])
        return {"return": outcomes, "retcode": 0, "success": True}
    outcomes = []
    for ret in load["rets"]:
        reason = _failure(function, ret)
        outcomes.append(None if reason is None else {"failed": reason})
        if reason is not None:
            break
    return {"return": outcomes, "retcode": 0, "success": True}


def _returner(name: str, context: Context) -> Callable[[Any], object] | str:
    """Give the function, or why there is none."""
    _, dunders = loaded(context)
    returners = Functions(
        places_of(context.config, "returners", BUILT_IN), dunders, kind="returners"
    )
    function = f"{name}.returner"
    if function in returners:
        return returners[function]
    return returners.missing_reason(function) or f"there is no returner {name!r:.60}"


def _failure(function: Callable[[Any], object], ret: dict[str, Any]) -> str | None:
    try:
        function(ret)
    except (Exception, SystemExit) as exc:
        return f"{type(exc).__name__}: {exc}"[:_LONGEST_REASON]
    return None
