"""
End every process of a test run and remove its folder, whatever happens to the run itself.

The harness starts one keeper for each run and tells it, a line each on standard input, the sessions
that it opened. The input ends when the run does, be it by ``kill -9``: then the keeper cleans up.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Collection

import psutil

MARK = "TXSALT_INTEROP_SCRATCH"  # environment variable of everything that a run starts


def survivors(folder: str, sessions: Collection[int]) -> list[psutil.Process]:
    """
    Every living process that belongs to the run with this scratch folder.

    Three signs, since daemons change groups, sessions and environments: the session, the marked
    environment, the folder on the command line. Zombies and the caller itself do not count.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            # The keeper names the folder too.
            if "tests.interop.keeper" in process.cmdline():
                continue
            if (
                os.getsid(process.pid) in sessions
                or any(folder in word for word in process.cmdline())
                or process.environ().get(MARK, "").startswith(folder)
            ):
                found.append(process)
    return found


def sweep(folder: str, sessions: Collection[int], seconds: float = 10) -> list[str]:
    """Kill all survivors; return those that are still there after ``seconds``, as text."""
    end = time.monotonic() + seconds
    while left := survivors(folder, sessions):
        if time.monotonic() > end:
            return [describe(process) for process in left]
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(left, timeout=1)
    return []


def describe(process: psutil.Process) -> str:
    """Process id and command line, for a message."""
    with contextlib.suppress(psutil.Error):
        return f"{process.pid}: {' '.join(process.cmdline())[:160]}"
    return f"{process.pid}: gone"


def main() -> None:
    """Collect sessions until standard input ends, then clean up."""
    folder, keep = sys.argv[1], bool(os.environ.get("TXSALT_INTEROP_KEEP"))
    sessions = {int(line) for line in sys.stdin if line.strip().isdigit()}
    sweep(folder, sessions)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
