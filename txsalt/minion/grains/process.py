"""
Grains of the process and its user.
"""

import contextlib
import grp
import locale
import os
import pwd
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any  # options and grains hold values of any type


def process(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give user, group, path, shell, working folder and process id."""
    uid, gid = os.geteuid(), os.getegid()
    path = os.environ.get("PATH", "").strip()
    grains: dict[str, Any] = {
        "uid": uid,
        "gid": gid,
        "username": _user(uid),
        "groupname": _group(gid),
        "pid": os.getpid(),
        "path": path,
        "systempath": path.split(":"),
        "shell": os.environ.get("SHELL", "/bin/sh"),
    }
    with contextlib.suppress(OSError):  # it may have been deleted under us
        grains["cwd"] = os.getcwd()
    return grains


def locale_info(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give language, encodings and time zone."""
    try:
        language, encoding = locale.getlocale()
    except ValueError:
        language = encoding = "unknown"
    return {
        "locale_info": {
            "defaultlanguage": language,
            "defaultencoding": encoding,
            "detectedencoding": sys.getdefaultencoding(),
            "timezone": datetime.now().astimezone().tzname() or "unknown",
        }
    }


def _user(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None  # containers run as ids without names


def _group(gid: int) -> str | None:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return None
