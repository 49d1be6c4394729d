"""
Memory and processor time of a daemon and all its children, and what each of them is.

PSS counts a page that n processes share as one n-th in each: the sum is what the machine spends.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

_OURS = (
    (re.compile(r"^txsalt-worker "), "workers"),
    (re.compile(r"txsalt\.master\.worker"), "template of workers"),
    (re.compile(r"txsalt\.minion\.jobrunner"), "zygote"),
    (re.compile(r"\btwistd\b"), "daemon"),
)
# Salt writes what a process does behind its own command line, or in its place.
_STOCK = re.compile(r"([A-Z]\w*(?:\._?\w+)?)(?:-[a-z]+)?(?:-\d+)?$")


def by_kind(pids: Iterable[int]) -> dict[str, list[int]]:
    """Return the processes by what each of them is; those of one kind are together."""
    found = defaultdict(list)
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            found[kind(process.name(), process.cmdline())].append(pid)
    return dict(found)


def kind(name: str, command: list[str]) -> str:
    """Return what a process is, by its name and its command line."""
    line = f"{name} {' '.join(command)}".rstrip()
    ours = next((ours for pattern, ours in _OURS if pattern.search(line)), "")
    stock = _STOCK.search(line)
    return ours or (stock.group(1) if stock else name)


def pss_mib(pids: Iterable[int]) -> float:
    """Return the proportional set size of all these processes in MiB."""
    return sum(_pss_kib(pid) for pid in pids) / 1024


def cpu_seconds(pids: Iterable[int], *, ended_children: bool = False) -> float:
    """
    Return the processor time, user and system, that these processes have used.

    ``ended_children``: and what those of their children used that have ended.
    """
    total = 0.0
    for pid in pids:
        with suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system
            if ended_children:
                total += times.children_user + times.children_system
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
