"""
Read what rpm and dnf write.

Source: rpm(8) queryformat, dnf(8); Salt 3008.3, modules/yumpkg.py.
"""

import re

from txsalt.modules._packages import Versions

# Fields with a tabulator between; rpm writes "(none)" for no epoch.
QUERY = "%{NAME}\t%|EPOCH?{%{EPOCH}}:{0}|\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n"
REPOQUERY = "%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\n"
TIMEOUT = 3600.0  # seconds for a change: packages are fetched and installed

_PLACES = re.compile(r"^\[([^]]+)\]\s*$")
# Keys that came with packages rather than being packages.
_NO_PACKAGE = ("gpg-pubkey",)


def read_query(text: str, osarch: str) -> Versions:
    """
    Read the lines that QUERY and REPOQUERY make dnf and rpm write: versions by name.

    A version is [epoch:]version-release; a package of an architecture that is not the machine's
    has it behind its name.
    """
    found: Versions = {}
    for words in (line.split("\t") for line in text.splitlines()):
        if len(words) != 5 or words[0] in _NO_PACKAGE:
            continue
        name, epoch, version, release, arch = words
        if osarch and arch not in ("noarch", osarch) and not _same_family(arch, osarch):
            name = f"{name}.{arch}"
        prefix = f"{epoch}:" if epoch not in ("0", "", "(none)") else ""
        full = f"{prefix}{version}-{release}" if release else f"{prefix}{version}"
        found.setdefault(name, []).append(full)
    return {name: list(dict.fromkeys(each)) for name, each in found.items()}


def read_repos(text: str, path: str) -> dict[str, dict[str, str]]:
    """Read a .repo file: options by repository, with the file that has it."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        place = _PLACES.match(line)
        key, equals, value = line.partition("=")
        if place:
            current = found.setdefault(place[1], {"file": path})
        elif equals and not line.lstrip().startswith(("#", ";")):
            current[key.strip()] = value.strip()
    return found


def read_locks(text: str) -> list[str]:
    """Read ``dnf versionlock list``: what is locked, as it writes it."""
    pattern = re.compile(r"^!?(?:\d+:)?[\w+.-]+(?:-\d+:|-)[^\s-]+-[^\s-]+\.\S+$")
    return [line.strip() for line in text.splitlines() if pattern.match(line.strip())]


def locked_name(lock: str) -> str:
    """Give the name of the package in a lock such as ``nginx-1:1.20.1-14.el9.*``."""
    return lock.lstrip("!").rsplit("-", 2)[0]


def compare(one: str, two: str) -> int:
    """
    Compare two versions [epoch:]version[-release]: -1, 0 or 1.

    A release that only one of them has is not compared.  Source: rpm, lib/rpmvercmp.c.
    """
    first, second = _split(one), _split(two)
    if first[0] != second[0]:
        return -1 if first[0] < second[0] else 1
    order = compare_parts(first[1], second[1])
    if order or not first[2] or not second[2]:
        return order
    return compare_parts(first[2], second[2])


def compare_parts(one: str, two: str) -> int:
    """Compare two versions, or two releases, as rpm does: -1, 0 or 1."""
    pieces = [re.findall(r"\d+|[a-zA-Z]+|~|\^", each) for each in (one, two)]
    for at in range(max(len(each) for each in pieces)):
        left, right = (each[at] if at < len(each) else "" for each in pieces)
        if left != right:
            order = _compare_piece(left, right)
            if order:
                return order
    return 0


def _compare_piece(left: str, right: str) -> int:
    # A tilde is older than anything, even the end; a caret is newer than the end only.
    if "~" in (left, right):
        return -1 if left == "~" else 1
    if "^" in (left, right):
        order = 1 if left == "^" else -1
        return order if "" in (left, right) else -order
    if not left or not right:
        return 1 if left else -1
    if left.isdigit() != right.isdigit():
        return 1 if left.isdigit() else -1
    if left.isdigit():
        return (int(left) > int(right)) - (int(left) < int(right))
    return (left > right) - (left < right)


def _split(text: str) -> tuple[int, str, str]:
    epoch, colon, rest = text.partition(":")
    version, _, release = (rest if colon else text).partition("-")
    return (int(epoch) if colon and epoch.isdigit() else 0), version, release


def _same_family(arch: str, osarch: str) -> bool:
    families = ({"x86_64", "amd64", "ia32e"}, {"i386", "i486", "i586", "i686", "athlon"})
    return any(arch in each and osarch in each for each in families)
