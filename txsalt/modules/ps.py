"""
Look at processes and figures of this machine, and send signals.

Source: Salt 3008.3, modules/ps.py; the figures are those of psutil.
"""

import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any  # figures are numbers, text or lists

import psutil

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError


def get_pid_list() -> list[int]:
    """
    Return the ids of all processes.

    CLI Example: txsalt-cli '*' ps.get_pid_list
    """
    return psutil.pids()


def proc_info(pid: Any, attrs: list[str] | None = None) -> dict[str, Any]:
    """
    Return what is known of a process, or the parts that ``attrs`` names.

    CLI Example: txsalt-cli '*' ps.proc_info 2322 attrs='["pid", "name"]'
    """
    try:
        return psutil.Process(int(pid)).as_dict(attrs)
    except (psutil.NoSuchProcess, psutil.AccessDenied, AttributeError, ValueError) as exc:
        raise CommandExecutionError(str(exc)) from exc


def kill_pid(pid: Any, signal: int = 15) -> bool:
    """
    Send a signal to a process; False if there is none.

    CLI Example: txsalt-cli '*' ps.kill_pid 2000 signal=9
    """
    try:
        psutil.Process(int(pid)).send_signal(signal)
    except psutil.NoSuchProcess:
        return False
    return True


def pkill(
    pattern: str, user: str | None = None, signal: int = 15, full: bool = False
) -> dict[str, list[int]] | None:
    """
    Send a signal to processes whose names contain a text: {"killed": [pid, …]}, None if none.

    ``full`` looks in the whole command line, ``user`` takes those of one user only.

    CLI Example: txsalt-cli '*' ps.pkill httpd signal=15 user=www-data
    """
    killed = []
    for process in _matching(lambda text: str(pattern) in text, user, full):
        try:
            process.send_signal(signal)
        except psutil.NoSuchProcess:
            continue  # it ended by itself
        killed.append(process.pid)
    return {"killed": killed} if killed else None


def pgrep(
    pattern: str, user: str | None = None, full: bool = False, pattern_is_regex: bool = False
) -> list[int] | None:
    """
    Return the ids of processes whose names contain a text, None if none.

    CLI Example: txsalt-cli '*' ps.pgrep httpd user=www-data
    """
    text = str(pattern)
    try:
        expression = re.compile(text if pattern_is_regex else re.escape(text))
    except re.error as exc:
        raise SaltInvocationError(f"not a regular expression: {exc}") from exc
    found = _matching(lambda line: expression.search(line) is not None, user, full)
    return [process.pid for process in found] or None


def top(num_processes: int = 5, interval: float = 3) -> list[dict[str, Any]]:
    """
    Return the processes that used most of the processor over an interval of seconds.

    Each has cmd, user, status, pid, create_time, cpu and mem.

    CLI Example: txsalt-cli '*' ps.top
    """
    before = {process: _ticks(process) for process in psutil.process_iter()}
    time.sleep(float(interval))
    used = sorted(before, key=lambda each: _ticks(each) - before[each], reverse=True)
    found: list[dict[str, Any]] = []
    for process in used:
        if len(found) == num_processes:
            break
        try:
            found.append(_busy(process))
        except psutil.NoSuchProcess:
            continue  # it ended by itself
    return found


def status(status: str) -> list[dict[str, Any]]:
    """
    Return pid and name of the processes in a state, such as "zombie" or "sleeping".

    CLI Example: txsalt-cli '*' ps.status zombie
    """
    if not status:
        raise SaltInvocationError("Filter is required for ps.status")
    listed = [process.info for process in psutil.process_iter(["pid", "name", "status"])]
    return [
        {"pid": each["pid"], "name": each["name"]} for each in listed if each["status"] == status
    ]


def cpu_percent(interval: float = 0.1, per_cpu: bool = False) -> float | list[float]:
    """
    Return how busy the processors are, in percent.

    CLI Example: txsalt-cli '*' ps.cpu_percent
    """
    return psutil.cpu_percent(interval, per_cpu)


def cpu_times(per_cpu: bool = False) -> Any:
    """
    Return the seconds that the processors spent in each mode.

    CLI Example: txsalt-cli '*' ps.cpu_times
    """
    found = psutil.cpu_times(per_cpu)
    return [each._asdict() for each in found] if per_cpu else found._asdict()


def virtual_memory() -> dict[str, Any]:
    """
    Return figures of memory in bytes.

    CLI Example: txsalt-cli '*' ps.virtual_memory
    """
    return psutil.virtual_memory()._asdict()


def swap_memory() -> dict[str, Any]:
    """
    Return figures of swapped memory in bytes.

    CLI Example: txsalt-cli '*' ps.swap_memory
    """
    return psutil.swap_memory()._asdict()


def total_physical_memory() -> int:
    """
    Return the bytes of memory.

    CLI Example: txsalt-cli '*' ps.total_physical_memory
    """
    return psutil.virtual_memory().total


def num_cpus() -> int | None:
    """
    Return the number of processors.

    CLI Example: txsalt-cli '*' ps.num_cpus
    """
    return psutil.cpu_count()


def boot_time(time_format: str | None = None) -> int | str:
    """
    Return when this machine was started: seconds since 1970, or in a format of strftime.

    CLI Example: txsalt-cli '*' ps.boot_time time_format='%Y-%m-%d'
    """
    seconds = int(psutil.boot_time())
    if not time_format:
        return seconds
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime(time_format)
    except TypeError as exc:
        raise SaltInvocationError(f"Invalid format string: {exc}") from exc


def disk_partitions(all: bool = False) -> list[dict[str, Any]]:
    """
    Return the mounted disks, or all that is mounted: device, mountpoint, fstype, opts.

    CLI Example: txsalt-cli '*' ps.disk_partitions
    """
    return [each._asdict() for each in psutil.disk_partitions(all)]


def disk_usage(path: str) -> dict[str, Any]:
    """
    Return total, used and free bytes of the file system of a path, and percent.

    CLI Example: txsalt-cli '*' ps.disk_usage /home
    """
    try:
        return psutil.disk_usage(path)._asdict()
    except OSError as exc:
        raise CommandExecutionError(f"{path}: {exc.strerror}") from exc


def disk_partition_usage(all: bool = False) -> list[dict[str, Any]]:
    """
    Return the mounted disks with the figures of disk_usage.

    CLI Example: txsalt-cli '*' ps.disk_partition_usage
    """
    return [{**each, **disk_usage(each["mountpoint"])} for each in disk_partitions(all)]


def network_io_counters(interface: str | None = None) -> dict[str, int] | bool:
    """
    Return what was sent and received, of all or one interface; False if it is unknown.

    CLI Example: txsalt-cli '*' ps.network_io_counters interface=eth0
    """
    if not interface:
        return psutil.net_io_counters()._asdict()
    found = psutil.net_io_counters(pernic=True)
    return found[interface]._asdict() if interface in found else False


def disk_io_counters(device: str | None = None) -> dict[str, int] | bool:
    """
    Return what was read and written, of all or one disk; False if it is unknown.

    CLI Example: txsalt-cli '*' ps.disk_io_counters device=sda1
    """
    if not device:
        total = psutil.disk_io_counters()
        return total._asdict() if total else {}
    found = psutil.disk_io_counters(perdisk=True)
    return found[device]._asdict() if device in found else False


def get_users() -> list[dict[str, Any]]:
    """
    Return who is logged in: name, terminal, host, started, pid.

    CLI Example: txsalt-cli '*' ps.get_users
    """
    return [each._asdict() for each in psutil.users()]


def _matching(fits: Callable[[str], bool], user: str | None, full: bool) -> list[psutil.Process]:
    parts = ["pid", "name", "cmdline", "username"]
    return [
        process
        for process in psutil.process_iter(parts)
        if fits(" ".join(process.info["cmdline"] or []) if full else process.info["name"] or "")
        and user in (None, process.info["username"])
    ]


def _ticks(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
    return float(times.user + times.system)


def _busy(process: psutil.Process) -> dict[str, Any]:
    found = process.as_dict(["cmdline", "name", "username", "status", "pid", "create_time"])
    return {
        "cmd": found["cmdline"] or found["name"],
        "user": found["username"],
        "status": found["status"],
        "pid": found["pid"],
        "create_time": found["create_time"],
        "cpu": process.cpu_times()._asdict(),
        "mem": process.memory_info()._asdict(),
    }
