"""
Grains of the machine itself: kernel, processor, memory, disks, init system.
"""

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # options and grains hold values of any type

from txsalt.minion.grains import read

_GPU_CLASSES = ("vga compatible controller", "3d controller", "display controller")
_GPU_VENDORS = ("nvidia", "amd", "ati", "intel", "cirrus logic", "vmware", "matrox", "aspeed")


def kernel(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give what uname says."""
    system = os.uname()
    return {
        "kernel": system.sysname,
        "nodename": system.nodename,
        "kernelrelease": system.release,
        "kernelversion": system.version,
        "cpuarch": system.machine,
        "ps": "ps -efHww",
    }


def processor(config: Mapping[str, Any]) -> dict[str, Any]:
    """Count the processors; name model and flags of the last."""
    count, model, flags = 0, "Unknown", []
    for name, value in read.pairs("/proc/cpuinfo"):
        if name == "processor":
            count += 1
        elif name == "# processors":  # s390
            count = int(value)
        elif name in ("model name", "cpu") or (name == "vendor_id" and model == "Unknown"):
            model = value
        elif name in ("flags", "Features"):
            flags = value.split()
        elif name == "Processor":  # old ARM kernels: one processor, no count
            model, count = value.partition("-")[0], max(count, 1)
    return {"num_cpus": count, "cpu_model": model, "cpu_flags": flags}


def memory(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give memory and swap in MiB."""
    found = dict(read.pairs("/proc/meminfo"))
    return {
        grain: int(found.get(name, "0").split()[0]) // 1024
        for grain, name in (("mem_total", "MemTotal"), ("swap_total", "SwapTotal"))
    }


def disks(config: Mapping[str, Any]) -> dict[str, Any]:
    """List the real block devices: those that rotate, or say so, and those that do not."""
    found: dict[str, Any] = {"disks": [], "ssds": []}
    for entry in sorted(Path("/sys/block").glob("*")):
        if "/devices/virtual/" not in os.path.realpath(entry):
            kind = {"1": "disks", "0": "ssds"}.get(read.text(entry / "queue/rotational").strip())
            if kind:
                found[kind].append(entry.name)
    return found


def graphics(config: Mapping[str, Any]) -> dict[str, Any]:
    """List the graphics processors, as lspci knows them; nothing if an option turns it off."""
    if not (config.get("enable_lspci", True) and config.get("enable_gpu_grains", True)):
        return {}
    gpus = []
    for record in (read.output("lspci", "-vmm") or "").split("\n\n"):
        device = dict(
            (name.strip(), value.strip())
            for name, colon, value in (line.partition(":") for line in record.splitlines())
            if colon
        )
        if device.get("Class", "").lower() in _GPU_CLASSES:
            gpus.append({"vendor": _vendor(device), "model": device.get("Device", "")})
    return {"num_gpus": len(gpus), "gpus": gpus}


def kernel_parameters(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the kernel's command line as pairs [name, value or None]."""
    line = read.text("/proc/cmdline")
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()  # an odd quote
    split = (word.partition("=") for word in words)
    return {"kernelparams": [[name, value if sign else None] for name, sign, value in split]}


def init_system(config: Mapping[str, Any]) -> dict[str, Any]:
    """Name the program that is process 1, and the version and features of systemd if it is here."""
    grains: dict[str, Any] = {"init": _init_name()}
    version = read.output("systemctl", "--version")
    if version and version.startswith("systemd"):
        first, _, features = version.partition("\n")
        grains["systemd"] = {"version": first.split()[1], "features": features.strip()}
    if shutil.which("selinuxenabled"):
        enabled = read.output("selinuxenabled") is not None
        grains["selinux"] = {"enabled": enabled}
        if enabled:
            grains["selinux"]["enforced"] = read.output("getenforce") or ""
    return grains


def machine_id(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the id that the system made at its installation."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        if found := read.text(path).strip():
            return {"machine_id": found}
    return {}


def _vendor(device: Mapping[str, str]) -> str:
    words = device.get("Vendor", "").lower()
    known = (
        name
        for name in _GPU_VENDORS
        if name in words.replace(",", " ").split() or (" " in name and name in words)
    )
    return next(known, "unknown")


def _init_name() -> str:
    if os.path.isdir("/run/systemd/system"):
        return "systemd"
    line = read.text("/proc/1/cmdline").replace("\0", " ").split()
    if not line:
        return "unknown"
    program = shutil.which(line[0]) or ""
    if program.endswith("bin/init"):
        return _kind_of_init(program)
    if line == ["runit"] or "/sbin/my_init" in line:
        return "runit"
    known = ("supervisord", "dumb-init", "tini")
    return next((name for name in known if shutil.which(name) in line), "unknown")


def _kind_of_init(program: str) -> str:
    # The same path is three programs; each carries its own name inside.
    try:
        content = Path(program).read_bytes().lower()
    except OSError:
        return "unknown"
    found = {content.find(name.encode()): name for name in ("upstart", "sysvinit", "systemd")}
    found.pop(-1, None)
    return found[min(found)] if found else "unknown"
