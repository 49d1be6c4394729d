"""
End a command with everything it started.

A command shares the process group of its job, so the group cannot simply be killed: the job is in
it. The descendants are found by their parents in /proc; those whose parent is gone already are
found by the group, if the group is the job's own.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping

GRACE = 2.0  # seconds between TERM and KILL


def end_tree(process: "subprocess.Popen[bytes]") -> None:
    """
    Send TERM to a process and its descendants, KILL to those left after GRACE, and reap it.
    """
    members = _stopped(process.pid)
    _signal_all(members, signal.SIGTERM)
    _signal_all(members, signal.SIGCONT)
    _await_end(process, members)
    members |= set(_members(process.pid))
    _signal_all(members, signal.SIGKILL)
    _await_end(process, members)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _stopped(root: int) -> set[int]:
    """Stop all members and name them: one that starts another meanwhile would lose it to us."""
    found: set[int] = set()
    while new := set(_members(root)) - found:
        _signal_all(new, signal.SIGSTOP)
        found |= new
    return found


def _await_end(process: "subprocess.Popen[bytes]", members: set[int]) -> None:
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and (process.poll() is None or _alive(members)):
        time.sleep(0.02)


def _members(root: int) -> list[int]:
    table = processes()
    found = _descendants(root, table)
    me = os.getpid()
    if os.getpgrp() == me:
        ours = _descendants(me, table)
        found |= {pid for pid, (_, group, _) in table.items() if group == me and pid not in ours}
    return sorted(found)


def _descendants(root: int, table: Mapping[int, tuple[int, int, str]]) -> set[int]:
    found = level = {root}
    while level:
        level = {pid for pid, (parent, _, _) in table.items() if parent in level} - found
        found = found | level
    return found


def _alive(pids: set[int]) -> bool:
    table = processes()
    return any(pid in table and table[pid][2] != "Z" for pid in pids)


def processes() -> dict[int, tuple[int, int, str]]:
    """Give parent, process group and state letter of every process. Raises OSError."""
    table = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", errors="replace") as file:
                # The name in parentheses may hold anything, so count from its end.
                state, parent, group = file.read().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue  # it ended meanwhile
        table[int(name)] = (int(parent), int(group), state)
    return table


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
