"""
Make any value fit for msgpack: what it cannot hold becomes text.

Source: PROTOCOL.md 3.1, 12.3.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

MAX_DEPTH = 100

_LOWEST, _HIGHEST = -(2**63), 2**64 - 1


def plain(value: Any, depth: int = 0) -> Any:
    """Return ``value`` made of None, bool, int, float, str, bytes, lists and maps only."""
    if depth > MAX_DEPTH:
        return "(nested too deep)"
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value) if _LOWEST <= value <= _HIGHEST else _digits(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return _text(value)


def _key(key: Any) -> Any:
    if key is None or isinstance(key, bool | float | str | bytes):
        return key
    return plain(key) if isinstance(key, int) else _text(key)


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:
        return hex(value)  # Python writes no decimal number this long


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception as exc:
        return f"({type(value).__name__} that cannot be written: {type(exc).__name__})"
