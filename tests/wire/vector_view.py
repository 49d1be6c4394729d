"""
Write decoded values in the JSON form of the golden vectors.

Source: PROTOCOL section 22, "JSON encoding of values".
"""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any  # any msgpack value

import msgpack

TEXT_LIMIT = 4500  # bytes; longer texts are given by digest
BLOB_LIMIT = 1500  # the same for strings that are not UTF-8
OUTER_LIMIT = 64
OUTER_BLOBS = {b"load", b"sig", b"key", b"pillar"}
SAFE_INTEGER = 2**53


def view(value: Any) -> Any:
    """Return the JSON form of a value that ``serial.unpack_raw`` decoded."""
    match value:
        case None | bool() | float():
            return value
        case int():
            return value if abs(value) < SAFE_INTEGER else {"$int": str(value)}
        case bytes():
            return _string(value)
        case list():
            return [view(item) for item in value]
        case dict():
            return _map(value)
        case datetime():
            return _extension(78, value.strftime("%Y%m%dT%H:%M:%S.%f").encode())
        case msgpack.ExtType(code=code, data=data):
            return _extension(code, data)
        case msgpack.Timestamp():
            return _extension(-1, value.to_bytes())
    raise TypeError(f"no JSON form for {type(value).__name__}")


def outer_view(value: Any) -> Any:
    """Return the JSON form of an envelope with something sealed or signed in it."""
    if isinstance(value, bytes):
        return digest(value) if len(value) > OUTER_LIMIT else view(value)
    if not isinstance(value, dict):
        return view(value)
    return {
        view(name): digest(item)
        if name in OUTER_BLOBS and isinstance(item, bytes) and len(item) > OUTER_LIMIT
        else view(item)
        for name, item in value.items()
    }


def digest(raw: bytes) -> dict[str, Any]:
    """Return the form of a string that is too long to be written out."""
    return {"$sha256": hashlib.sha256(raw).hexdigest(), "len": len(raw)}


def same(one: Any, other: Any) -> bool:
    """Compare two JSON values, the order of keys included, and True apart from 1."""
    return json.dumps(one) == json.dumps(other)


def _string(value: bytes) -> Any:
    if len(value) > TEXT_LIMIT:
        return digest(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        if len(value) > BLOB_LIMIT:
            return digest(value)
        return {"$b64": base64.b64encode(value).decode()}


def _map(value: dict[Any, Any]) -> dict[str, Any]:
    pairs = [[view(name), view(item)] for name, item in value.items()]
    if all(isinstance(name, str) and not name.startswith("$") for name, _ in pairs):
        return dict(pairs)
    return {"$map": pairs}


def _extension(code: int, data: bytes) -> dict[str, Any]:
    return {"$ext": code, "b64": base64.b64encode(data).decode()}
