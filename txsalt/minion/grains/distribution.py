"""
Grains of the distribution: os, os_family, osrelease and their like, from os-release.

Source: Salt 3008.3, grains/core.py os_data: the names are those that Salt users target by.
"""

import os
import platform
import re
from collections.abc import Mapping
from typing import Any  # options and grains hold values of any type

from txsalt.minion.grains import read

# NAME of os-release, first ten letters without blanks and "linux" -> what Salt users know it as.
_SHORT_NAMES = {
    "redhatente": "RedHat", "gentoobase": "Gentoo", "archarm": "Arch ARM", "arch": "Arch",
    "debian": "Debian", "raspbian": "Raspbian", "fedoraremi": "Fedora", "amazonami": "Amazon",
    "alt": "ALT", "enterprise": "OEL", "oracleserv": "OEL", "cloudserve": "CloudLinux",
    "cloudlinux": "CloudLinux", "virtuozzo": "Virtuozzo", "almalinux": "AlmaLinux",
    "almalinuxk": "AlmaLinux", "scientific": "ScientificLinux", "nilrt": "NILinuxRT",
    "poky": "Poky", "manjaro": "Manjaro", "manjarolin": "Manjaro", "univention": "Univention",
    "antergos": "Antergos", "sles": "SUSE", "slesexpand": "RES", "void": "Void",
    "linuxmint": "Mint", "neon": "KDE neon", "pop": "Pop", "rocky": "Rocky",
    "alibabaclo": "Alinux", "mendel": "Mendel", "photon": "VMware Photon OS",
}  # fmt: skip

_EXACT_NAMES = {
    "Astra Linux (Orel)": "AstraLinuxCE",
    "Astra Linux (Smolensk)": "AstraLinuxSE",
    "Pop!_OS": "Pop",
}

_FAMILIES = {
    "Debian": (
        "Debian", "Ubuntu", "Mint", "Trisquel", "Linaro", "elementary OS", "elementary",
        "Univention", "Raspbian", "Devuan", "antiX", "Kali", "Parrot OS", "neon", "Cumulus",
        "Deepin", "KDE neon", "TurnKey", "Pop", "AstraLinuxCE", "AstraLinuxSE", "Mendel", "OSMC",
    ),
    "RedHat": (
        "RedHat", "Fedora", "CentOS", "CentOS Stream", "Scientific", "ScientificLinux", "Amazon",
        "CloudLinux", "Virtuozzo", "AlmaLinux", "AlmaLinux Kitten", "OVS", "OEL", "XCP", "XCP-ng",
        "XenServer", "RES", "Sangoma", "VMware Photon OS", "AlterOS", "RED OS", "ALT", "Rocky",
        "Alinux", "openEuler",
    ),
    "Suse": (
        "SUSE", "SLES", "SLED", "openSUSE", "openSUSE Leap", "openSUSE Tumbleweed", "SLES_SAP",
        "SUSE Enterprise Server",
    ),
    "Arch": ("Arch", "Arch ARM", "Manjaro", "Manjaro ARM", "Antergos", "EndeavourOS"),
    "Gentoo": ("Gentoo", "Funtoo"),
}  # fmt: skip
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names}

_LSB_LINE = re.compile(r"DISTRIB_(ID|RELEASE|CODENAME|DESCRIPTION)=[\"']?([\w .+-]+)")
_CODENAME_IN_VERSION = re.compile(r"[^(]*\(([^)]+)\)")

# Their finger is made of the short name; with all others of the full one.
_SHORT_FINGERS = ("Debian", "Raspbian", "AlmaLinux")
_FULL_RELEASE_FINGERS = ("Ubuntu", "Pop", "NixOS")


def distribution(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the grains of this system's distribution."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {"ID": "linux", "NAME": "Linux"}
    grains = from_os_release(release)
    grains |= lsb(release, read.text("/etc/lsb-release"))
    grains["osarch"] = _architecture(grains["os_family"])
    grains["transactional"] = os.path.exists("/usr/sbin/transactional-update")
    grains["package"] = None  # how the minion was installed, where Salt's packages say so
    return grains


def from_os_release(release: Mapping[str, str]) -> dict[str, Any]:
    """Give os, os_family, osfullname, oscodename, osrelease and what follows from them."""
    full = release.get("NAME", "Linux").strip()
    grains: dict[str, Any] = {"osfullname": full, "os": _short_name(full)}
    version = release.get("VERSION_ID", "")
    if release.get("ID", "").startswith("opensuse"):
        grains["os"] = "SUSE"
        grains["osfullname"] = "Leap" if full.endswith("Leap") else release.get("VERSION", full)
    grains["os_family"] = _family(grains["os"], release)
    codename = release.get("VERSION_CODENAME") or _codename(release)
    if codename:
        grains["oscodename"] = codename
    grains["osrelease"] = version
    info = [int(part) if part.isdigit() else part for part in version.split(".")]
    grains["osrelease_info"] = info
    if isinstance(info[0], int):
        grains["osmajorrelease"] = info[0]
    name = grains["os"] if grains["os"] in _SHORT_FINGERS else grains["osfullname"]
    number = version if grains["os"] in _FULL_RELEASE_FINGERS else info[0]
    grains["osfinger"] = f"{name}-{number}"
    return grains


def lsb(release: Mapping[str, str], lsb_release: str) -> dict[str, str]:
    """
    Give the lsb_distrib_* grains: from the text of lsb-release, else from os-release.
    """
    found = {
        f"lsb_distrib_{match[1].lower()}": match[2].strip()
        for match in map(_LSB_LINE.match, lsb_release.splitlines())
        if match
    }
    if "lsb_distrib_id" in found:
        return found
    known = {
        "lsb_distrib_id": release.get("NAME", "").strip(),
        "lsb_distrib_release": release.get("VERSION_ID", ""),
        "lsb_distrib_codename": release.get("VERSION_CODENAME") or release.get("PRETTY_NAME", ""),
    }
    return {name: value for name, value in known.items() if value}


def _short_name(full: str) -> str:
    if full in _EXACT_NAMES:
        return _EXACT_NAMES[full]
    name = re.sub(r"\W(?:gnu/)?linux", "", full, flags=re.IGNORECASE).strip()
    return _SHORT_NAMES.get(name.replace(" ", "").lower()[:10], name)


def _family(name: str, release: Mapping[str, str]) -> str:
    if name in _FAMILY_OF:
        return _FAMILY_OF[name]
    like = release.get("ID_LIKE", "").split()
    if "debian" in like or "ubuntu" in like:
        return "Debian"
    oldest = like[-1] if like else ""
    return {"": name, "fedora": "RedHat"}.get(oldest, oldest.capitalize())


def _codename(release: Mapping[str, str]) -> str:
    if release.get("ID") == "astra":
        return release.get("VARIANT_ID", "")
    if release.get("ID") in ("almalinux", "rocky"):
        match = _CODENAME_IN_VERSION.match(release.get("VERSION", ""))
        return match[1] if match else ""
    if release.get("ID") in ("debian", "ubuntu", "linuxmint", "pop", "mendel"):
        return ""
    return release.get("PRETTY_NAME", "")


def _architecture(family: str) -> str:
    found = None
    if family == "Debian":
        found = read.output("dpkg", "--print-architecture")
    elif family in ("RedHat", "Suse"):
        found = read.output("rpm", "--eval", "%{_host_cpu}")
    return found or os.uname().machine
