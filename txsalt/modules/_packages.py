"""
What the modules for packages have in common: targets, comparison of lists, truth of arguments.

Source: Salt 3008.3, modules/pkg_resource.py, utils/data.py compare_dicts.
"""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from typing import Any  # users name packages in many forms

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules._tool import which

Versions = dict[str, list[str]]
Changes = dict[str, dict[str, str]]

_OPERATORS = ("<=", ">=", "==", "!=", "<", ">", "=")


APT, DNF = "apt", "dnf"
_PROGRAMS = {APT: ("apt-get", "dpkg-query"), DNF: ("dnf", "rpm")}


def keeper(os_family: object) -> str:
    """
    Name who keeps the packages of this machine: apt, dnf, or "" if neither is there.

    A Debian may have dnf installed, as a tool to make others' images with, and the other way
    round: then the family of the system decides.
    """
    order = (DNF, APT) if os_family == "RedHat" else (APT, DNF)
    there = (each for each in order if all(which(name) for name in _PROGRAMS[each]))
    return next(there, "")


def is_true(value: Any) -> bool:
    """Tell whether an argument means yes: True, numbers other than 0, "true" in any case."""
    if isinstance(value, str):
        return value.lower() == "true"
    return bool(value)


def targets(name: Any, pkgs: Any, version: Any = None) -> dict[str, str | None]:
    """
    Give the packages that are meant, and the version wanted of each, if any.

    ``pkgs`` is a list of names and maps {name: version}, and wins over ``name``, which may have
    commas between several. Raises SaltInvocationError if a package is named twice.
    """
    if not pkgs:
        names = [each.strip() for each in str(name).split(",")] if name else []
        return {each: (str(version) if version else None) for each in names if each}
    found: dict[str, str | None] = {}
    for each in [pkgs] if isinstance(pkgs, str | Mapping) else pkgs:
        pairs = each.items() if isinstance(each, Mapping) else [(each, None)]
        for key, wanted in pairs:
            if str(key) in found:
                raise SaltInvocationError(f"the package {key} is named twice")
            found[str(key)] = None if wanted is None else str(wanted)
    return found


def files(sources: Any) -> dict[str, str]:
    """Give the packages that are meant by ``sources``, a list of maps {name: path}."""
    found: dict[str, str] = {}
    for each in sources or []:
        if not isinstance(each, Mapping) or len(each) != 1:
            raise SaltInvocationError("sources must be a list of maps with one name and path each")
        for key, path in each.items():
            found[str(key)] = str(path)
    return found


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    """Give the packages that differ: {name: {"old", "new"}}, "" where there was or is none."""
    names = sorted({*before, *after})
    return {
        name: {"old": before.get(name, ""), "new": after.get(name, "")}
        for name in names
        if before.get(name) != after.get(name)
    }


def joined(found: Versions, as_list: bool) -> dict[str, Any]:
    """Give the versions of each package as a list, or as text with commas."""
    return {name: each if as_list else ",".join(each) for name, each in found.items()}


def choose_versions(found: Versions, names: Iterable[str], as_list: bool) -> Any:
    """Give what ``pkg.version`` answers: a map by name, or the version if there is one name."""
    names = list(names)
    chosen: Versions = {}
    for name in names:
        if "*" in name:
            chosen |= {each: found[each] for each in fnmatch.filter(found, name)}
        else:
            chosen[name] = found.get(name, [])
    answer = joined(chosen, as_list)
    if len(answer) == 1 and not any("*" in name for name in names):
        return next(iter(answer.values()))
    return answer


def wildcards(installed: Iterable[str], names: Iterable[str]) -> list[str]:
    """Give the installed packages that names and patterns mean, sorted by what named them."""
    installed = sorted(installed)
    found = [one for name in names for one in fnmatch.filter(installed, name)]
    return list(dict.fromkeys(found))


def holds(compare: Callable[[str, str], int | None], version: str, condition: str) -> bool:
    """Tell whether a version fits a condition such as ">=1.2", or all of several by commas."""
    for each in condition.split(","):
        operator = next((one for one in _OPERATORS if each.strip().startswith(one)), "")
        order = compare(version, each.strip().removeprefix(operator).strip())
        fits = {"<": order == -1, ">": order == 1, "<=": order in (-1, 0), ">=": order in (0, 1)}
        fits |= {"!=": order != 0}
        if not fits.get(operator, order == 0):
            return False
    return True


def refuse_unknown(given: Mapping[str, Any], known: Iterable[str] = ()) -> None:
    """Raise SaltInvocationError for keywords that a function does not know."""
    extra = sorted(key for key in given if not key.startswith("__") and key not in known)
    if extra:
        raise SaltInvocationError(f"The following keyword arguments are not valid: {extra}")


def failure(what: str, errors: Iterable[str], changed: object) -> CommandExecutionError:
    """Give the error of a failed change: the complaints, and what did change nevertheless."""
    text = "\n".join(["", "Errors:", *(f"- {each}" for each in errors)])
    more = f"\n\nChanges:\n{changed}" if changed else ""
    return CommandExecutionError(f"{what}\n{text}{more}")
