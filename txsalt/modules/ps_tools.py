"""
Look for text in what the tools about processes and sockets list.

Functions return the text, the lines with it, and for ps.psaux how many there are.

Source: Salt 3008.3, modules/ps.py.
"""

import os
import re
from typing import Any  # the answers are lists of text and lists

from txsalt.jobs.errors import SaltInvocationError
from txsalt.modules._tool import check_tool, need, run_tool

__virtualname__ = "ps"


def lsof(name: str) -> list[Any]:
    """
    Return the files that processes whose names start with a text have open.

    CLI Example: txsalt-cli '*' ps.lsof apache2
    """
    need("lsof")
    done = run_tool(__salt__, ["lsof", "-c", name], redirect_stderr=True)
    return [str(name), done.stdout]


def netstat(name: str) -> list[Any]:
    """
    Return the lines of netstat with a text.

    CLI Example: txsalt-cli '*' ps.netstat apache2
    """
    return _search(name, ["netstat", "-nap"])


def ss(name: str) -> list[Any]:
    """
    Return the lines of ss with a text.

    CLI Example: txsalt-cli '*' ps.ss apache2
    """
    return _search(name, ["ss", "-neap"])


def psaux(name: str) -> list[Any]:
    """
    Return the lines of ps in which a regular expression is found, without this job's own.

    CLI Example: txsalt-cli '*' ps.psaux www-data.+apache2
    """
    try:
        wanted = re.compile(str(name))
    except re.error as exc:
        raise SaltInvocationError(f"not a regular expression: {exc}") from exc
    lines = check_tool(__salt__, ["ps", "aux"]).splitlines()
    own = str(os.getpid())
    found = [line for line in lines if wanted.search(line) and line.split()[1] != own]
    return [str(name), found, f"{len(found)} occurrence(s)."]


def _search(name: str, argv: list[str]) -> list[Any]:
    need(argv[0])
    lines = check_tool(__salt__, argv).splitlines()
    return [str(name), [line for line in lines if str(name) in line]]
