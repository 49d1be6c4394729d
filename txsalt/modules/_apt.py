"""
Run apt and dpkg, and read what they write.

Source: apt-get(8), dpkg-query(1), sources.list(5); Salt 3008.3, modules/aptpkg.py.
"""

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any  # functions of modules take and return whatever they like

from txsalt.modules._packages import Versions
from txsalt.modules._tool import Done, run_tool, which

LISTS = "/var/lib/apt/lists"
TIMEOUT = 3600.0  # seconds for a change: packages are fetched and unpacked

# Nothing may ask a question: nobody would answer.
QUIET = {
    "APT_LISTBUGS_FRONTEND": "none",
    "APT_LISTCHANGES_FRONTEND": "none",
    "DEBIAN_FRONTEND": "noninteractive",
    "UCF_FORCE_CONFFOLD": "1",
}
_LOCKED = "Could not get lock"
_LOCK_WAITS = (1, 2, 4, 8, 16, 32)  # seconds


def apt(functions: Mapping[str, Any], *words: object, **options: Any) -> Done:
    """Run apt-get or another tool of apt; waits while another one has the lock."""
    env = {**QUIET, **(options.pop("env", None) or {})}
    done = run_tool(functions, words, env=env, **options)
    for seconds in _LOCK_WAITS:
        if _LOCKED not in done.stderr:
            break
        time.sleep(seconds)
        done = run_tool(functions, words, env=env, **options)
    return done


def scope(functions: Mapping[str, Any]) -> list[str]:
    """
    Give the words that run apt in a scope of its own.

    An upgrade of our own package stops our service; apt must not be stopped with it.
    """
    booted = Path("/run/systemd/system").is_dir() and which("systemd-run")
    wished = functions["config.get"]("systemd.scope", True)
    return ["systemd-run", "--scope"] if booted and wished else []


def read_packages(text: str, osarch: str) -> dict[str, Versions]:
    """
    Read lines "want error status name version architecture" of dpkg-query.

    Gives {"installed", "removed", "purge_desired"}; packages of an architecture that is not the
    machine's have it behind their names.
    """
    found: dict[str, Versions] = {"installed": {}, "removed": {}, "purge_desired": {}}
    for words in (line.split() for line in text.splitlines()):
        if len(words) != 6:
            continue
        want, _, status, name, version, arch = words
        if osarch and arch not in ("all", osarch):
            name = f"{name}:{arch}"
        kind = _kind(want, status)
        if kind:
            found[kind].setdefault(name, []).append(version)
    return {
        kind: {name: sorted(set(each)) for name, each in packages.items()}
        for kind, packages in found.items()
    }


def read_candidates(text: str) -> dict[str, str]:
    """Read ``apt-cache policy``: the version that would be installed, "" if there is none."""
    found = {}
    name = ""
    for line in text.splitlines():
        if line and not line.startswith(" ") and line.endswith(":"):
            name = line[:-1]
        elif line.strip().startswith("Candidate:"):
            version = line.split()[-1]
            found[name] = "" if version == "(none)" else version
    return found


def read_upgrades(text: str) -> dict[str, str]:
    """Read ``apt-get --just-print upgrade``: the new versions by name."""
    return dict(re.findall(r"(?m)^Conf ([^ ]+) \(([^ ]+)", text))


def read_update(text: str) -> dict[str, bool | None]:
    """
    Read ``apt-get update``: True for lists that were fetched, None for those that had not changed,
    False for those that could not be had.
    """
    found: dict[str, bool | None] = {}
    meaning = {"Get": True, "Hit": None, "Ign": False, "Err": False}
    for line in text.splitlines():
        first, _, rest = line.partition(" ")
        if first[:3] in meaning:
            what = meaning[first[:3]]
            rest = re.sub(r" \[.+B\]$", "", rest) if what else rest
            found[" ".join(rest.split())] = what
    return found


def read_selections(text: str) -> dict[str, list[str]]:
    """Read ``dpkg --get-selections``: names by state."""
    found: dict[str, list[str]] = {}
    for words in (line.split() for line in text.splitlines()):
        if len(words) == 2:
            found.setdefault(words[1], []).append(words[0])
    return found


def read_stanzas(text: str) -> Iterator[dict[str, str]]:
    """Read paragraphs "Key: value"; lines that go on with a blank belong to the last value."""
    for paragraph in re.split(r"\n\s*\n", text):
        stanza: dict[str, str] = {}
        key = ""
        for line in paragraph.splitlines():
            if line.startswith((" ", "\t")) and key:
                stanza[key] += f"\n{line}"
            elif ":" in line and not line.startswith("#"):
                key, _, value = line.partition(":")
                stanza[key] = value.strip()
        if stanza:
            yield stanza


def _kind(want: str, status: str) -> str:
    if want in ("install", "hold"):
        return "installed" if "installed" in status else ""
    if want == "deinstall":
        return "removed"
    return "purge_desired" if want == "purge" and status == "installed" else ""
