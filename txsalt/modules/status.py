"""
How this machine is doing, read from /proc.

Source: Salt 3008.3, modules/status.py.
"""

import fnmatch
import os
import pwd
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any  # figures are integers, floats or text

from txsalt.jobs.errors import CommandExecutionError


def uptime() -> dict[str, Any]:
    """
    Return for how long the machine is up: seconds, since_iso (UTC), since_t, days, time, users.

    CLI Example: txsalt-cli '*' status.uptime
    """
    seconds = int(float(_read("/proc/uptime").split()[0]))
    since = time.time() - seconds
    days, rest = divmod(seconds, 86400)
    return {
        "seconds": seconds,
        "since_iso": datetime.fromtimestamp(since, UTC).replace(tzinfo=None).isoformat(),
        "since_t": int(since),
        "days": days,
        "time": f"{rest // 3600}:{rest % 3600 // 60:02}",
        "users": len(__salt__["cmd.run"]("who -s", ignore_retcode=True).splitlines())
        if __salt__["cmd.has_exec"]("who")
        else 0,
    }


def loadavg() -> dict[str, float]:
    """Return the load over 1, 5 and 15 minutes."""
    one, five, fifteen = os.getloadavg()
    return {"1-min": one, "5-min": five, "15-min": fifteen}


def meminfo() -> dict[str, dict[str, str]]:
    """Return /proc/meminfo: {name: {"value", "unit"}}."""
    found = {}
    for line in _read("/proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words:
            found[name] = {"value": words[0]} | ({"unit": words[1]} if len(words) > 1 else {})
    return found


def cpuinfo() -> dict[str, Any]:
    """Return /proc/cpuinfo of the last processor; flags are a list."""
    found: dict[str, Any] = {}
    for line in _read("/proc/cpuinfo").splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if colon:
            found[name] = value.split() if name in ("flags", "Features") else value
    return found


def cpustats() -> dict[str, Any]:
    """Return /proc/stat: times in ticks for each processor, and counters."""
    columns = [
        "user",
        "nice",
        "system",
        "idle",
        "iowait",
        "irq",
        "softirq",
        "steal",
        "guest",
        "guest_nice",
    ]
    found: dict[str, Any] = {}
    for line in _read("/proc/stat").splitlines():
        name, *values = line.split()
        numbers = [int(each) for each in values]
        if name.startswith("cpu"):
            found[name] = dict(zip(columns, numbers, strict=False))
        elif name in ("intr", "softirq"):
            found[name] = {
                "total": numbers[0],
                "irqs" if name == "intr" else "softirqs": numbers[1:],
            }
        else:
            found[name] = numbers[0]
    return found


def vmstats() -> dict[str, int]:
    """Return /proc/vmstat."""
    pairs = (line.split() for line in _read("/proc/vmstat").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


def nproc() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def diskusage(*args: str) -> dict[str, dict[str, int | None]]:
    """
    Return available and total bytes of mounted file systems.

    Arguments are mount points (which may be patterns) or types of file systems; default all.

    CLI Example: txsalt-cli '*' status.diskusage '/mnt/*' ext4
    """
    found: dict[str, dict[str, int | None]] = {}
    for mount, kind in _mounts().items():
        if not args or any(fnmatch.fnmatch(mount, each) or kind == each for each in args):
            try:
                stats = os.statvfs(mount)
            except OSError:
                found[mount] = {"available": None, "total": None}
                continue
            size = stats.f_frsize
            found[mount] = {"available": stats.f_bavail * size, "total": stats.f_blocks * size}
    return found


def procs() -> dict[str, dict[str, str]]:
    """Return the processes: {pid: {"user", "cmd"}}."""
    return {str(pid): {"user": user, "cmd": command} for pid, user, command in _processes()}


def pid(sig: str) -> str:
    """
    Return the ids, one a line, of the processes whose command line matches a regular expression.

    CLI Example: txsalt-cli '*' status.pid sshd
    """
    try:
        wanted = re.compile(sig)
    except re.error as exc:
        raise CommandExecutionError(f"not a regular expression: {exc}") from exc
    return "\n".join(
        str(number)
        for number, _, command in _processes()
        if number != os.getpid() and wanted.search(command)
    )


def version() -> str:
    """Return the version of the kernel, as /proc/version has it."""
    return _read("/proc/version").strip()


def time_(format: str = "%A, %d. %B %Y %I:%M%p") -> str:
    """Return the time here, in a format of strftime."""
    return datetime.now().astimezone().strftime(format)


__func_alias__ = {"time_": "time"}


def ping_master(master: str) -> bool:
    """
    Tell whether the master that this minion is signed in at answers.

    A master other than the minion's own is not asked, and counts as not answering.
    """
    known = __opts__.get("master")
    if master not in (known if isinstance(known, list) else [known]):
        return False
    try:
        __daemon__.call("request", {"load": {"cmd": "_master_opts", "id": __opts__["id"]}})
    except RuntimeError:  # the daemon could not ask it
        return False
    return True


def all_status() -> dict[str, Any]:
    """Return the figures of the other functions in one map; ``w`` only where that tool is."""
    parts = (cpuinfo, cpustats, diskusage, loadavg, meminfo, uptime, vmstats)
    more = ["diskstats", "netdev", "netstats", *(["w"] if __salt__["cmd.has_exec"]("w") else [])]
    figures = {each.__name__: each() for each in parts}
    return figures | {name: __salt__[f"status.{name}"]() for name in more}


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError as exc:
        raise CommandExecutionError(f"{path} cannot be read: {exc.strerror}") from exc


def _mounts() -> dict[str, str]:
    # Blanks in mount points are written as octal escapes.
    lines = (line.split() for line in _read("/proc/self/mounts").splitlines())
    return {
        re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), words[1]): words[2]
        for words in lines
        if len(words) > 2
    }


def _processes() -> list[tuple[int, str, str]]:
    found = []
    for number in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        folder = Path("/proc", str(number))
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").strip()
            command = words.decode(errors="replace") or f"[{(folder / 'comm').read_text().strip()}]"
            uid = folder.stat().st_uid
        except OSError:
            continue  # it ended meanwhile
        found.append((number, _user(uid), command))
    return found


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
