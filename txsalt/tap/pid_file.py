"""
Remove the pid file of a daemon that has shed root's privileges.

Interactions: twistd writes the file as root, and may not remove it at its end if the folder is
root's, as /run is. So a shell stays root, waits on a pipe until the daemon is gone, however it
went, and removes the file if that still names it. The file stays root's: a daemon that could write
it might have root's tools signal any process.
"""

import os
import stat
import subprocess
from collections.abc import MutableMapping
from typing import Any  # twistd's options are a dict of any values

# The signal that ends the daemon may go to all of its service.
_SCRIPT = """\
trap '' HUP INT TERM
read -r _
[ "$(cat "$1" 2>/dev/null)" = "$2" ] && exec rm -f "$1"
"""
_waits: list["subprocess.Popen[bytes]"] = []  # whose pipe stays open as long as we live


def leave_to_root(twistd: MutableMapping[str, Any] | None) -> None:
    """
    Start the shell if twistd is about to become somebody who cannot remove the file.

    ``twistd`` are twistd's own options. Call when the file is written and we are still root.
    """
    if twistd is None or twistd.get("uid") is None or os.geteuid() != 0:
        return
    path = twistd.get("pidfile")
    if not path or _may_remove(twistd["uid"], os.path.abspath(path)):
        return
    _waits.append(
        subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "txsalt-pid-file", os.path.abspath(path), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
    )
    twistd["pidfile"] = ""  # so that twistd does not try


def _may_remove(uid: int, path: str) -> bool:
    folder = os.stat(os.path.dirname(path))
    writable = stat.S_IWUSR | stat.S_IXUSR
    return folder.st_uid == uid and folder.st_mode & writable == writable
