"""
Take typed fields out of a load, or refuse it.

Source: PROTOCOL section 3.2: what a field is decides between text and bytes, not what arrived.
"""

from typing import Any  # loads are maps of any msgpack value

from txsalt.errors import BadLoad
from txsalt.wire import serial

Load = dict[str, Any]


def text(load: Load, name: str, default: str | None = None) -> str:
    """Return a text field; BadLoad if it is missing without default, or not text."""
    value = load.get(name, default)
    if not isinstance(value, str):
        raise BadLoad(f"{name} is missing or not text")
    return value


def blob(load: Load, name: str) -> bytes:
    """Return a field of bytes, whatever the walk to text made of it; BadLoad if missing."""
    value = load.get(name)
    if type(value) is bytes:
        return value
    if not isinstance(value, str | bytes):
        raise BadLoad(f"{name} is missing or not a string")
    return serial.as_bytes(value)


def integer(load: Load, name: str) -> int:
    """Return an integer field; BadLoad if it is missing or of another type."""
    value = load.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadLoad(f"{name} is missing or not an integer")
    return value


def mapping(load: Load, name: str, default: Load | None = None) -> Load:
    """Return a map field; BadLoad if it is missing without default, or not a map."""
    value = load.get(name, default)
    if not isinstance(value, dict):
        raise BadLoad(f"{name} is missing or not a map")
    return value


def array(load: Load, name: str) -> list[Any]:
    """Return a list field; BadLoad if it is missing or of another type."""
    value = load.get(name)
    if not isinstance(value, list):
        raise BadLoad(f"{name} is missing or not a list")
    return value
