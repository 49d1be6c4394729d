"""
The environment that an account has after a login: its PATH, and what its profile sets.

Source: Salt 3008.3, modules/cmdmod.py _run, for commands with runas.
"""

import logging
import os
import subprocess

from txsalt.modules._tree import end_tree

log = logging.getLogger(__name__)

TIMEOUT = 10.0  # seconds; a profile that waits for somebody must not stop the command

# Of the login's own shell and folder, not of the command's.
_ITS_OWN = {"_", "OLDPWD", "PWD", "SHLVL"}


def login_environment(name: str, shell: str) -> dict[str, str]:
    """
    Give the variables that ``su`` sets for an account, its profile as ``shell`` reads it included.

    Empty if only root could log in as somebody, or if the login does not come to its end; the log
    says so, and the command runs all the same.
    """
    import shutil  # here, since every job would hold it

    su = shutil.which("su", path=f"{os.environ.get('PATH', os.defpath)}:/bin:/usr/bin")
    if os.geteuid() != 0 or su is None:
        return {}
    mark = os.urandom(16).hex()  # what the profile writes stays out
    asked = f"printf %s {mark}; /usr/bin/env -0; printf %s {mark}"
    parts = _written([su, "-s", shell, "-", name, "-c", asked]).split(mark.encode())
    if len(parts) != 3:
        log.warning("no environment of a login as %s; its command runs without", name)
        return {}
    pairs = (each.decode(errors="surrogateescape").partition("=") for each in parts[1].split(b"\0"))
    return {key: value for key, equals, value in pairs if equals and key not in _ITS_OWN}


def _written(argv: list[str]) -> bytes:
    nothing = subprocess.DEVNULL
    try:
        process = subprocess.Popen(argv, stdin=nothing, stdout=subprocess.PIPE, stderr=nothing)
    except OSError as exc:
        log.warning("%s: %s", argv[0], exc.strerror)
        return b""
    try:
        return process.communicate(timeout=TIMEOUT)[0]
    except subprocess.TimeoutExpired:
        end_tree(process)
        return b""
