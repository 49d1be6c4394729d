"""
Pack and unpack values as Salt puts them on the wire.

Text and bytes are one family of strings there: nothing tells them apart but whether the bytes are
UTF-8. Writing uses the old string types only; reading turns every UTF-8 string into text and leaves
the others as bytes. Signatures, boxes and file chunks must therefore go through ``as_bytes``.

The local event buses and the pipes use bin types (``pack_bin``), where the difference survives.

Source: PROTOCOL section 3; Salt 3008.3, payload.py dumps and loads.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any  # values of the wire are of any type that msgpack knows

import msgpack

from txsalt.errors import BadEncoding

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 128
DATETIME_EXT = 78
_FIXSTR, _STR_16, _BIN_16 = 0xA0, b"\xda", b"\xc5"
_FIXSTR_MOST = 31  # bytes
_CONTAINERS = frozenset((dict, list))
_DATETIME_FORMAT = "%Y%m%dT%H:%M:%S.%f"
_AFTER_YEAR = "%m%dT%H:%M:%S.%f"


def pack(value: Any) -> bytes:
    """
    Encode for the wire: no bin types, no str 8.

    Sets become arrays, dates extension 78, integers that 64 bits cannot hold their decimal text.
    Raises TypeError for any other kind of value, and for integers that Python does not write out
    (of more than 4300 digits), since sending one is a bug of ours.
    """
    return _packed(value, bins=False)


def pack_string(value: bytes) -> bytes:
    """Encode one string as ``pack`` does, a box for example, in a tenth of the time."""
    size = len(value)
    if _FIXSTR_MOST < size < 1 << 16:
        return b"".join((_STR_16, size.to_bytes(2, "big"), value))
    return pack(value)


def pack_bin(value: Any) -> bytes:
    """Encode with bin types, for event buses and pipes on this machine."""
    return _packed(value, bins=True)


def unpack(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """
    Decode one value; every UTF-8 string in it becomes text, each other one stays bytes.

    Raises BadEncoding if ``raw`` is longer than ``max_bytes``, nests deeper than MAX_DEPTH, or is
    not exactly one msgpack value.
    """
    try:
        value = _unpackb(raw, max_bytes, raw=False)
    except UnicodeDecodeError:
        return _unpack_mixed(raw, max_bytes)
    return _settled(value) if _may_hold_bin(raw) else _checked(value)


def unpack_sealed(raw: bytes, name: bytes) -> Any:
    """
    Decode as ``unpack`` does, quickest if one string, that of the field ``name``, is not UTF-8.

    Such a string (a token, a signature) of 256 to 65535 bytes is read as bytes in any case.
    """
    head = bytes((_FIXSTR + len(name),)) + name
    at = raw.rfind(head)
    start = at + len(head)
    if at < 0 or raw.find(head) != at or raw[start : start + 1] != _STR_16:
        return unpack(raw)
    end = start + 3 + int.from_bytes(raw[start + 1 : start + 3], "big")
    # Both headers have the same length; the field's name occurs once, so it is the field or else
    # lies within a string, and then there is no such field and the caller refuses the load.
    try:
        before, after = raw[:start], raw[end:]
        value = _unpackb(b"".join((before, _BIN_16, raw[start + 1 :])), MAX_BYTES, raw=False)
    except UnicodeDecodeError:
        return _unpack_mixed(raw, MAX_BYTES)
    return _settled(value) if _may_hold_bin(before + after) else _checked(value)


def unpack_raw(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Decode one value and leave every string as bytes; same limits as ``unpack``."""
    return _checked(_unpackb(raw, max_bytes, raw=True))


def unpack_bin(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Decode what ``pack_bin`` made: text is text, bin is bytes."""
    try:
        return _checked(_unpackb(raw, max_bytes, raw=False))
    except UnicodeDecodeError as exc:
        raise BadEncoding("a text is not UTF-8") from exc


def unpack_own(parts: Sequence[bytes]) -> list[Any]:
    """
    Decode values that ``pack_bin`` made and our own store kept, in a fifth of the time.

    Their depth was checked when they came. Raises BadEncoding.
    """
    reader = msgpack.Unpacker(
        raw=False,
        unicode_errors="surrogateescape",
        strict_map_key=False,
        ext_hook=read_extension,
        max_buffer_size=MAX_BYTES,
    )
    try:
        reader.feed(b"".join(parts))
        values = list(reader)
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise BadEncoding(type(exc).__name__) from exc
    if len(values) != len(parts):
        raise BadEncoding("not as many values as parts")
    return values


def to_text(value: Any) -> Any:
    """Turn each UTF-8 byte string of ``value`` into text, map keys too; build new containers."""
    kind = type(value)
    if kind is bytes:
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if kind is dict:
        return {to_text(key): to_text(item) for key, item in value.items()}
    if kind is list:
        return [to_text(item) for item in value]
    return value


def as_bytes(value: Any) -> bytes:
    """
    Give back the bytes of a field that the walk to text may have touched.

    Raises BadEncoding for anything that is not a string.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise BadEncoding(f"expected a string, got {type(value).__name__}")


def _packed(value: Any, *, bins: bool) -> bytes:
    try:
        # Strict, as other handlers of errors have each text encoded in Python's slow way.
        return msgpack.Packer(use_bin_type=bins, default=extend).pack(value)
    except UnicodeEncodeError:  # a lone surrogate stands for a byte
        return msgpack.packb(
            value, use_bin_type=bins, default=extend, unicode_errors="surrogateescape"
        )


def _unpackb(packed: bytes, max_bytes: int, *, raw: bool, unicode_errors: str = "strict") -> Any:
    if len(packed) > max_bytes:
        raise BadEncoding(f"longer than {max_bytes} bytes")
    try:
        # Lengths in headers are checked against the buffer before anything is allocated.
        return msgpack.unpackb(
            packed,
            raw=raw,
            unicode_errors=unicode_errors,
            strict_map_key=False,
            ext_hook=read_extension,
        )
    except UnicodeDecodeError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError, MemoryError) as exc:
        # The text of the exception may quote the peer's bytes; its class is enough.
        raise BadEncoding(type(exc).__name__) from exc


def _checked(value: Any) -> Any:
    if type(value) is dict and _CONTAINERS.isdisjoint(map(type, value.values())):
        return value
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            if type(node) is dict or type(node) is list
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return value
    raise BadEncoding(f"nested deeper than {MAX_DEPTH}")


def _unpack_mixed(packed: bytes, max_bytes: int) -> Any:
    # A byte that is not UTF-8 becomes a lone surrogate, which UTF-8 itself cannot say: a text with
    # one stands for bytes.
    return _settled(_unpackb(packed, max_bytes, raw=False, unicode_errors="surrogateescape"))


def _may_hold_bin(packed: bytes) -> bool:
    # Stock peers send none; where one of the three headers occurs, it may also be a part of a text.
    return b"\xc4" in packed or b"\xc5" in packed or b"\xc6" in packed


def _settled(value: Any) -> Any:
    """Check the depth of a fresh value, and mend its strings in place."""
    if type(value) is not dict and type(value) is not list:
        return _bytes_or_text(value)
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for node in level:
            if type(node) is dict:
                _settle_map(node, deeper)
            else:
                _settle_list(node, deeper)
        if not deeper:
            return value
        level = deeper
    raise BadEncoding(f"nested deeper than {MAX_DEPTH}")


def _settle_map(node: dict[Any, Any], deeper: list[Any]) -> None:
    for key, item in node.items():
        kind = type(item)
        if kind is str:
            if not item.isascii():
                node[key] = _bytes_or_text(item)  # an item that is there: nothing moves
        elif kind is dict or kind is list:
            deeper.append(item)
        elif kind is bytes:
            node[key] = _bytes_or_text(item)
    try:
        plain = "".join(node).isascii()
    except TypeError:
        plain = False  # a key that is no text
    if not plain:
        mended = [(_bytes_or_text(key), item) for key, item in node.items()]
        node.clear()
        node.update(mended)


def _settle_list(node: list[Any], deeper: list[Any]) -> None:
    for index, item in enumerate(node):
        kind = type(item)
        if kind is str:
            if not item.isascii():
                node[index] = _bytes_or_text(item)
        elif kind is dict or kind is list:
            deeper.append(item)
        elif kind is bytes:
            node[index] = _bytes_or_text(item)


def _bytes_or_text(value: Any) -> Any:
    try:
        if type(value) is str:
            value.encode()  # fails for a lone surrogate
            return value
        return value.decode() if type(value) is bytes else value
    except UnicodeEncodeError:
        return value.encode(errors="surrogateescape")
    except UnicodeDecodeError:
        return value


def extend(value: Any) -> Any:
    """Say what msgpack has no type for; its ``default``. Raises TypeError."""
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError as exc:  # Python writes 4300 digits, unless it is told otherwise
            raise TypeError(f"cannot be sent: an integer of {value.bit_length()} bits") from exc
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, date):
        if not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        # strftime gives a year before 1000 fewer digits than strptime reads.
        text = f"{value.year:04}{value:{_AFTER_YEAR}}"
        return msgpack.ExtType(DATETIME_EXT, text.encode("ascii"))
    raise TypeError(f"cannot be sent: {type(value).__name__}")


def read_extension(code: int, data: bytes) -> Any:
    """Read an extension; msgpack's ``ext_hook``."""
    if code == DATETIME_EXT:
        try:
            return datetime.strptime(bytes(data).decode("ascii"), _DATETIME_FORMAT)
        except ValueError:
            pass  # An unreadable date is kept as what it is; nothing of ours looks into it.
    return msgpack.ExtType(code, bytes(data))
