"""
Validate names that peers send before they reach a file system, a query or a log.

Each function returns the name as text or raises BadName; a raw text from the network goes
nowhere else first.

Source: PROTOCOL section 5.1 (ids), 9.4 (paths).
"""

import re

from txsalt.errors import BadName

MAX_ID_BYTES = 255  # one file name
MAX_JID_CHARACTERS = 128
MAX_TAG_CHARACTERS = 1024
MAX_PATH_CHARACTERS = 4096

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_is_jid = re.compile(r"[A-Za-z0-9_.:+-]+").fullmatch
_is_usual_jid = re.compile(r"[0-9]{1,128}").fullmatch


# A match for most ids, for none that ``minion_id`` refuses: ten thousand are listed for a target.
is_usual_id = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}").fullmatch


def minion_id(value: object) -> str:
    """
    Check an id: text of 1 to 255 bytes, usable as one file name, of signs that one can see.

    Operators judge by ids whom to let in; signs that steer a terminal, or turn the direction of
    writing, would have them judge another one.
    """
    if isinstance(value, str) and is_usual_id(value):
        return value
    text = _plain("id", value)
    if not text.isprintable():
        raise BadName("id", "has a character that cannot be printed")
    if not text or len(text) > MAX_ID_BYTES or len(text.encode()) > MAX_ID_BYTES:
        raise BadName("id", "empty or longer than 255 bytes")
    if text.startswith("."):
        raise BadName("id", "begins with a dot: its key would be a hidden file")
    if "/" in text or "\\" in text or text != text.strip():
        raise BadName("id", "has a path separator or outer white space")
    return text


def jid(value: object) -> str:
    """Check a job id: text or integer, 1 to 128 of letters, digits and ``_.:+-``."""
    if isinstance(value, str) and _is_usual_jid(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 128:
        value = str(value)
    text = _plain("jid", value)
    if len(text) > MAX_JID_CHARACTERS or not _is_jid(text) or text in {".", ".."}:
        raise BadName("jid", "not 1 to 128 plain characters")
    return text


def tag(value: object) -> str:
    """Check an event tag: 1 to 1024 characters, no control characters."""
    text = _plain("tag", value)
    if not 0 < len(text) <= MAX_TAG_CHARACTERS:
        raise BadName("tag", "empty or too long")
    return text


def saltenv(value: object) -> str:
    """Check the name of an environment; it is only ever looked up, never joined to a path."""
    text = _plain("saltenv", value)
    if not 0 < len(text) <= MAX_ID_BYTES:
        raise BadName("saltenv", "empty or too long")
    return text


def relative_path(value: object) -> str:
    """
    Check a path below a root: relative, ``/`` separated, no part ``.`` or ``..``.

    It may be empty (the root) and have empty parts, which mean nothing.
    """
    text = _plain("path", value)
    if len(text) > MAX_PATH_CHARACTERS or text.startswith("/") or "\\" in text:
        raise BadName("path", "absolute, too long or with a backslash")
    if any(part in {"..", "."} for part in text.split("/")):
        raise BadName("path", "leaves its root")
    return text


def _plain(kind: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadName(kind, f"not text but {type(value).__name__}")
    if _CONTROL.search(value):
        raise BadName(kind, "has a control character")
    return value
