"""
One event for each state of a state run that failed, for reactions to single states.

Source: PROTOCOL section 13.1, row ``sub``.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any  # data of events are any msgpack value

from txsalt.events import tags
from txsalt.wire.job_loads import Return

_FUNCTIONS = frozenset(["state.highstate", "state.sls"])
_MOST = 5000
_BETWEEN = "_|-"  # parts the names inside of a state's own: state, id, name, function


def events_of(ret: Return) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Yield tag and data of the event of each failed state; nothing for what went well.

    Of one return no more than 5000: the others are in the return.
    """
    return islice(_all_of(ret), _MOST)


def _all_of(ret: Return) -> Iterator[tuple[str, dict[str, Any]]]:
    load = ret.load
    functions, results, codes = load.get("fun"), load.get("return"), load.get("retcode")
    if not codes or not functions:
        return
    if isinstance(functions, str):
        functions, results, codes = [functions], {functions: results}, {functions: codes}
    if not isinstance(results, dict) or not isinstance(functions, list):
        return
    for fun in dict.fromkeys(each for each in functions if isinstance(each, str)):
        if fun in _FUNCTIONS:
            code = codes.get(fun, 0) if isinstance(codes, dict) else codes
            yield from _of_run(ret, fun, results.get(fun), code)


def _of_run(ret: Return, fun: str, states: Any, code: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    # A run that did not begin returns a list of reasons instead.
    for name, state in states.items() if code and isinstance(states, dict) else ():
        if not isinstance(state, dict) or state.get("result") is not False:
            continue
        parts = str(name).split(_BETWEEN)
        data = {
            **state,
            "retcode": code,
            "jid": ret.jid,
            "id": ret.minion_id,
            "fun": fun,
            "success": False,
            "return": f"Error: {parts[0]}.{parts[-1]}",
        }
        yield tags.job_failed_part(ret.jid, ret.minion_id, fun), data
