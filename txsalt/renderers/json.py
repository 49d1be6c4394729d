"""
Read and write JSON: strictly as the standard says, no key twice in a map.
"""

import json
from typing import Any, NoReturn

from txsalt.renderers.errors import RenderError
from txsalt.renderers.excerpt import excerpt


def load(text: str, where: str) -> Any:  # Any: whatever the text says
    """
    Return the value in ``text``; ``where`` names the text in errors.

    Raises RenderError, also for a repeated key and for NaN and Infinity, which are not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_map_once, parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        raise RenderError(
            where=where,
            reason=exc.msg,
            line=exc.lineno,
            column=exc.colno,
            excerpt=excerpt(text, exc.lineno),
        ) from exc
    except RecursionError as exc:
        raise RenderError(where=where, reason="nested too deeply") from exc
    # The two hooks below, and integers of more digits than Python converts.
    except ValueError as exc:
        raise RenderError(where=where, reason=str(exc)) from exc


def dump(value: object) -> str:
    """
    Return ``value`` as JSON, indented by four, maps in their order.

    Raises RenderError for a value that JSON cannot hold.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=4)
    except (TypeError, ValueError) as exc:
        raise RenderError(where="a value", reason=f"cannot be written as JSON: {exc}") from exc
    except RecursionError as exc:
        raise RenderError(where="a value", reason="nested too deeply for JSON") from exc


def _map_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key!r} is twice in one map")
        result[key] = value
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
