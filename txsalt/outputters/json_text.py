"""Write values as JSON that every reader takes, and every terminal survives."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 100

# Signs that JSON allows as they are, but that steer terminals or are no characters.
_UNSAFE = re.compile(r"[\x7f-\x9f\ud800-\udfff\u2028\u2029]")


def render(data: Mapping[str, Any] | list[Any], indent: int | None = 4) -> str:
    """Write one document; ``indent`` None, or less than 0, puts it on one line."""
    indent = None if indent is None or indent < 0 else indent
    text = json.dumps(_fitting(data, 0), ensure_ascii=False, allow_nan=False, indent=indent)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _fitting(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {_key(key): _fitting(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_fitting(item, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return _text(value)


def _key(key: Any) -> str:
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return key if isinstance(key, str) else _text(key)


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    return repr(value) if not isinstance(value, int | float) else str(value)
