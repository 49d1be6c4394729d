"""
Grains about virtualisation: virtual and virtual_subtype.

Source: Salt 3008.3, grains/core.py _virtual, for the names.
"""

import os
from collections.abc import Mapping
from typing import Any  # options and grains hold values of any type

from txsalt.minion.grains import read

# Answers of systemd-detect-virt -> (virtual, virtual_subtype).
_BY_DETECT_VIRT = {
    **{name: (name, "") for name in ("qemu", "kvm", "oracle", "xen", "bochs", "chroot", "uml")},
    "systemd-nspawn": ("systemd-nspawn", ""),
    "vmware": ("VMware", ""),
    "microsoft": ("VirtualPC", ""),
    "lxc": ("container", "LXC"),
    "lxc-libvirt": ("container", "LXC"),
    "podman": ("container", "Podman"),
    "docker": ("container", "Docker"),
    "amazon": ("Nitro", "Amazon EC2"),
}

# Words in the product name -> (virtual, virtual_subtype).
_BY_PRODUCT = {
    "VirtualBox": ("VirtualBox", ""),
    "RHEV Hypervisor": ("kvm", "rhev"),
    "oVirt Node": ("kvm", "ovirt"),
    "Google": ("gce", ""),
    "BHYVE": ("bhyve", ""),
}

_BY_CGROUP = {
    ":/lxc/": ("container", "LXC"),
    ":/kubepods/": ("", "kubernetes"),
    ":/libpod_parent/": ("", "libpod"),
    ":/docker": ("container", "Docker"),
    ":/system.slice/docker": ("container", "Docker"),
}


def virtualisation(config: Mapping[str, Any]) -> dict[str, Any]:
    """
    Tell what this machine runs on: "physical", a hypervisor's name, or "container".

    Later findings win: a container on a virtual machine is a container.
    """
    kind, subtype = _BY_DETECT_VIRT.get(read.output("systemd-detect-virt") or "", ("physical", ""))
    if _is_chroot():
        subtype = "chroot"
    if "QEMU Virtual CPU" in read.text("/proc/cpuinfo"):
        kind = "kvm"
    found = [_by_words(read.text("/sys/devices/virtual/dmi/id/product_name"), _BY_PRODUCT)]
    found.append(_by_words(read.text("/proc/1/cgroup"), _BY_CGROUP))
    if "container=lxc" in read.text("/proc/1/environ"):
        found.append(("container", "LXC"))
    for new_kind, new_subtype in found:
        kind, subtype = new_kind or kind, new_subtype or subtype
    return {"virtual": kind} | ({"virtual_subtype": subtype} if subtype else {})


def _by_words(text: str, table: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    return next((answer for words, answer in table.items() if words in text), ("", ""))


def _is_chroot() -> bool:
    try:
        ours, first = os.stat("/"), os.stat("/proc/1/root/.")
    except OSError:
        return False  # only root may look
    return (ours.st_ino, ours.st_dev) != (first.st_ino, first.st_dev)
