"""
Memory and processor time of a daemon and all its children.

PSS counts a page that n processes share as one n-th in each: the sum is what the machine spends.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil


def pss_mib(pids: Iterable[int]) -> float:
    """Return the proportional set size of all these processes in MiB."""
    return sum(_pss_kib(pid) for pid in pids) / 1024


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time, user and system, that these processes have used."""
    total = 0.0
    for pid in pids:
        with suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system
    return total


def thread_seconds(pids: Iterable[int]) -> float:
    """
    Return what ``cpu_seconds`` does, to the microsecond: for differences of a few milliseconds.

    Of the threads that live; what one that ended has used is not in it.
    """
    total = 0
    for pid in pids:
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with suppress(OSError):
                total += int(file.read_text().split()[0])
    return total / 1e9


def _pss_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # it ended in the meantime
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
