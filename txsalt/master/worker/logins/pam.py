"""
The program that asks PAM: ``python -P -m txsalt.master.worker.logins.pam``.

PAM may block, ask the network, or load modules that misbehave, so it has a process of its own for
each question. The question comes as JSON on stdin (never as arguments, which all can read):
service, user, password (None: only the account is looked at), confdir (None: the system's).
The answer is JSON on stdout: ``ok`` and ``reason``. The account is always checked, so locked and
expired ones are refused.

Source: pam(3), pam_conv(3), pam_acct_mgmt(3).
"""

import ctypes
import json
import sys
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_size_t, c_void_p, cast, sizeof
from typing import Any  # foreign functions, which have no types

_SUCCESS, _BUFFER_ERROR, _CONVERSATION_ERROR = 0, 5, 19
_USER = 2  # the item that holds the user's name
_PROMPT_HIDDEN, _PROMPT_SHOWN = 1, 2
_MOST_MESSAGES = 32
_FLAGS = 0x8000 | 0x0001  # silent; an empty password is none


class _Message(ctypes.Structure):
    _fields_ = (("style", c_int), ("text", c_char_p))


class _Response(ctypes.Structure):
    # Not c_char_p: PAM frees the text, so Python must not own it.
    _fields_ = (("text", c_void_p), ("code", c_int))


_CONVERSE = CFUNCTYPE(
    c_int, c_int, POINTER(POINTER(_Message)), POINTER(POINTER(_Response)), c_void_p
)


class _Conversation(ctypes.Structure):
    _fields_ = (("converse", _CONVERSE), ("data", c_void_p))


def ask(question: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one question."""
    try:
        pam, libc = _libraries()
    except OSError:
        return {"ok": False, "reason": "this machine has no PAM library"}
    user = str(question["user"]).encode()
    password = question.get("password")
    conversation = _Conversation(_CONVERSE(_answering(libc, user, (password or "").encode())), None)
    handle = c_void_p()
    service = str(question["service"]).encode()
    if question.get("confdir"):
        if not hasattr(pam, "pam_start_confdir"):
            return {"ok": False, "reason": "this PAM library knows no other folder"}
        folder = str(question["confdir"]).encode()
        code = pam.pam_start_confdir(service, user, byref(conversation), folder, byref(handle))
    else:
        code = pam.pam_start(service, user, byref(conversation), byref(handle))
    if code != _SUCCESS:
        return {"ok": False, "reason": f"PAM does not start (code {code})"}
    try:
        code = _decide(pam, handle, user, with_password=password is not None)
        return {"ok": code == _SUCCESS, "reason": _text(pam, handle, code)}
    finally:
        pam.pam_end(handle, code)


def _decide(pam: Any, handle: c_void_p, user: bytes, *, with_password: bool) -> int:
    if with_password:
        code = int(pam.pam_authenticate(handle, _FLAGS))
        if code != _SUCCESS:
            return code
    code = int(pam.pam_acct_mgmt(handle, _FLAGS))
    if code != _SUCCESS:
        return code
    # A module may map the name to another user's, whom nobody has asked about.
    name = c_void_p()
    code = int(pam.pam_get_item(handle, _USER, byref(name)))
    same = code == _SUCCESS and cast(name, c_char_p).value == user
    return _SUCCESS if same else code or _CONVERSATION_ERROR


def _answering(libc: Any, user: bytes, password: bytes) -> Callable[..., int]:
    def converse(count: int, messages: Any, responses: Any, _: Any) -> int:
        if not 0 < count <= _MOST_MESSAGES:
            return _CONVERSATION_ERROR
        block = libc.calloc(count, sizeof(_Response))
        if not block:
            return _BUFFER_ERROR
        replies = cast(block, POINTER(_Response))
        for number in range(count):
            style = messages[number].contents.style
            if style in (_PROMPT_HIDDEN, _PROMPT_SHOWN):
                text = password if style == _PROMPT_HIDDEN else user
                replies[number].text = libc.strdup(text)
        responses[0] = replies
        return _SUCCESS

    return converse


def _text(pam: Any, handle: c_void_p, code: int) -> str:
    said = pam.pam_strerror(handle, code)
    return str(said.decode(errors="replace")) if said else f"code {code}"


def _libraries() -> tuple[Any, Any]:
    pam, libc = ctypes.CDLL("libpam.so.0"), ctypes.CDLL(None)
    libc.calloc.argtypes, libc.calloc.restype = (c_size_t, c_size_t), c_void_p
    libc.strdup.argtypes, libc.strdup.restype = (c_char_p,), c_void_p
    begin = (c_char_p, c_char_p, POINTER(_Conversation))
    pam.pam_start.argtypes = (*begin, POINTER(c_void_p))
    if hasattr(pam, "pam_start_confdir"):  # since Linux-PAM 1.4
        pam.pam_start_confdir.argtypes = (*begin, c_char_p, POINTER(c_void_p))
    for name in ("pam_authenticate", "pam_acct_mgmt", "pam_end"):
        getattr(pam, name).argtypes = (c_void_p, c_int)
    pam.pam_get_item.argtypes = (c_void_p, c_int, POINTER(c_void_p))
    pam.pam_strerror.argtypes, pam.pam_strerror.restype = (c_void_p, c_int), c_char_p
    return pam, libc


def main() -> None:
    """Answer the question on stdin."""
    print(json.dumps(ask(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
