"""
Outer messages on 4506: read and write requests and replies.

A request is ``{enc, load, version}``; a sealed one also names its sender and the algorithms,
since the master must pick the session key before it can decrypt. A reply has no common shape;
each kind is a class.

Limits come first: a message above MAX_CLEAR_BYTES may only be one map of strings, because an open
one that large could be millions of empty containers.

Source: PROTOCOL sections 4 and 18.
"""

from typing import Any  # loads are maps of any msgpack value

import msgpack

from txsalt.errors import BadEncoding, BadEnvelope, VersionRefused
from txsalt.light import frozen
from txsalt.wire import algorithms, names, serial

VERSION = 3
BAD_LOAD = "bad load"  # the only refusal that makes a stock minion sign in again
MAX_CLEAR_BYTES = 2 * 1024 * 1024
_MAX_FIELDS = 16

Load = dict[str, Any]


@frozen(kw_only=True)
class ClearRequest:
    """A request in clear text: ``_auth`` and the commands of local tools."""

    load: Load
    version: int


@frozen(kw_only=True)
class SealedRequest:
    """A request sealed with a minion's session key; ``minion_id`` is only claimed so far."""

    minion_id: str | None  # None below version 3 only
    box: bytes
    version: int
    enc_algo: str
    sig_algo: str


@frozen(kw_only=True)
class SignedReply:
    """A clear reply whose packed load the master signed."""

    packed_load: bytes
    sig: bytes


@frozen
class ClearReply:
    """A clear reply without signature."""

    load: Load


@frozen(kw_only=True)
class PrivateReply:
    """A reply sealed with a one-time key, which is encrypted to the minion's RSA key."""

    key: bytes
    box: bytes


@frozen
class BareReply:
    """A value without envelope: a box (bytes), an error text, or a clear command's result."""

    value: Any


Reply = SignedReply | ClearReply | PrivateReply | BareReply


def write_clear_request(load: Load) -> bytes:
    """Pack a request in clear text, version 3."""
    return serial.pack({"enc": "clear", "load": load, "version": VERSION})


def write_sealed_request(minion_id: str, box: bytes, enc_algo: str, sig_algo: str) -> bytes:
    """Pack a sealed request, version 3."""
    return serial.pack(
        {
            "enc": "aes",
            "load": box,
            "version": VERSION,
            "id": minion_id,
            "enc_algo": enc_algo,
            "sig_algo": sig_algo,
        }
    )


def read_request(
    raw: bytes, minimum_version: int = VERSION, max_bytes: int = serial.MAX_BYTES
) -> ClearRequest | SealedRequest:
    """
    Read any request.

    Raises BadEncoding, BadEnvelope, BadName (the id), BadAlgorithm, or VersionRefused; none of
    them has had an effect.
    """
    outer = _unpack_outer(raw, max_bytes)
    enc, load = outer.get(b"enc"), outer.get(b"load")
    version = _version(outer.get(b"version"))
    if version < minimum_version:
        raise VersionRefused(version)
    if enc == b"clear":
        if not isinstance(load, dict):
            raise BadEnvelope("payload and load must be a dict")
        return ClearRequest(load=_text_keys(serial.to_text(load)), version=version)
    if enc != b"aes" or not isinstance(load, bytes):
        raise BadEnvelope("unknown enc, or a load of the wrong type")
    claimed = serial.to_text(outer.get(b"id"))
    return SealedRequest(
        minion_id=None if claimed is None and version < VERSION else names.minion_id(claimed),
        box=load,
        version=version,
        enc_algo=algorithms.check_enc_algo(serial.to_text(outer.get(b"enc_algo", b"OAEP-SHA1"))),
        sig_algo=algorithms.check_sig_algo(
            serial.to_text(outer.get(b"sig_algo", b"PKCS1v15-SHA1"))
        ),
    )


def write_reply(reply: Reply) -> bytes:
    """Pack any reply."""
    match reply:
        case SignedReply():
            return serial.pack({"enc": "clear", "load": reply.packed_load, "sig": reply.sig})
        case ClearReply():
            return serial.pack({"enc": "clear", "load": reply.load})
        case PrivateReply():
            return serial.pack({"key": reply.key, "pillar": reply.box})
        case BareReply():
            return serial.pack(reply.value)


def write_box(box: bytes) -> bytes:
    """Pack the reply that is a box, as ``write_reply`` does for a BareReply."""
    return serial.pack_string(box)


def read_reply(raw: bytes) -> Reply:
    """
    Read any reply; which kind is allowed depends on the request.

    Strings inside a BareReply stay bytes if the whole value is one string, since that may be a box.
    """
    outer = serial.unpack_raw(raw)
    if isinstance(outer, bytes):
        return BareReply(outer)
    if isinstance(outer, dict):
        load, sig = outer.get(b"load"), outer.get(b"sig")
        if outer.get(b"enc") == b"clear" and isinstance(load, bytes) and isinstance(sig, bytes):
            return SignedReply(packed_load=load, sig=sig)
        if outer.get(b"enc") == b"clear" and isinstance(load, dict):
            return ClearReply(_text_keys(serial.to_text(load)))
        key, pillar = outer.get(b"key"), outer.get(b"pillar")
        if len(outer) == 2 and isinstance(key, bytes) and isinstance(pillar, bytes):
            return PrivateReply(key=key, box=pillar)
    return BareReply(serial.to_text(outer))


def _unpack_outer(raw: bytes, max_bytes: int) -> dict[Any, Any]:
    outer = _unpack_flat(raw, max_bytes) if len(raw) > MAX_CLEAR_BYTES else serial.unpack_raw(raw)
    if not isinstance(outer, dict) or b"enc" not in outer or b"load" not in outer:
        raise BadEnvelope("not a map with enc and load")
    return outer


def _unpack_flat(raw: bytes, max_bytes: int) -> Any:
    if len(raw) > max_bytes:
        raise BadEncoding(f"longer than {max_bytes} bytes")
    try:
        return msgpack.unpackb(
            raw, raw=True, max_map_len=_MAX_FIELDS, max_array_len=0, object_pairs_hook=_flat_map
        )
    except (ValueError, TypeError) as exc:
        raise BadEncoding(type(exc).__name__) from exc


def _flat_map(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    if any(isinstance(value, dict) for _, value in pairs):
        raise ValueError("a map inside a map")
    return dict(pairs)


def _version(value: Any) -> int:
    # An integer, or text that reads as one; anything else counts as 0, as in stock masters.
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, bytes) and value.isdigit() and len(value) < 4:
        return int(value)
    return 0


def _text_keys(load: dict[Any, Any]) -> Load:
    if not all(isinstance(key, str) for key in load):
        raise BadEnvelope("a field name is not text")
    return load
