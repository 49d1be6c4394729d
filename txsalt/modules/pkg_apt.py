"""
Look at the packages of a Debian system.

Source: Salt 3008.3, modules/aptpkg.py, modules/pkg_resource.py.
"""

import copy
import os
import time
from typing import Any  # users name packages in many forms

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _apt
from txsalt.modules._packages import APT, choose_versions, is_true, joined, keeper
from txsalt.modules._tool import check_tool, operands, run_tool

__virtualname__ = "pkg"


def __virtual__() -> bool | tuple[bool, str]:
    if keeper(__grains__.get("os_family")) != APT:
        return False, "apt does not keep the packages of this machine"
    return True


def list_pkgs(
    versions_as_list: bool = False,
    removed: bool = False,
    purge_desired: bool = False,
    **kwargs: Any,
) -> dict[str, Any]:
    """
    Return the installed packages, {name: version}.

    ``removed`` lists those of which only configuration is left, ``purge_desired`` also those that
    dpkg was told to purge. The list is remembered while the job runs.

    CLI Example: txsalt-cli '*' pkg.list_pkgs
    """
    if "pkg.list_pkgs" not in __context__ or not kwargs.get("use_context", True):
        form = "${Status} ${Package} ${Version} ${Architecture}\n"
        text = check_tool(__salt__, ["dpkg-query", "--showformat", form, "-W"])
        osarch = _osarch()
        __context__["pkg.list_pkgs"] = _apt.read_packages(text, osarch)
    known = __context__["pkg.list_pkgs"]
    if is_true(removed):
        found = known["removed"]
    else:
        found = {**known["purge_desired"], **({} if is_true(purge_desired) else known["installed"])}
    return joined(copy.deepcopy(found), is_true(versions_as_list))


def version(*names: str, **kwargs: Any) -> Any:
    """
    Return the installed version of a package, "" if there is none; of several, a map.

    CLI Example: txsalt-cli '*' pkg.version 'linux-*'
    """
    as_list = is_true(kwargs.pop("versions_as_list", False))
    return choose_versions(list_pkgs(versions_as_list=True, **kwargs), names, as_list)


def latest_version(*names: str, **kwargs: Any) -> Any:
    """
    Return the version that would be installed, "" if the package is up to date or unknown.

    ``refresh`` (True) fetches the lists first; ``show_installed`` gives it even if installed;
    ``fromrepo`` is the release to look at.

    CLI Example: txsalt-cli '*' pkg.latest_version nginx
    """
    if "repo" in kwargs:
        raise SaltInvocationError("The 'repo' argument is invalid, use 'fromrepo' instead")
    if not names:
        return ""
    if is_true(kwargs.get("refresh", True)):
        refresh_db(kwargs.get("cache_valid_time", 0))
    release = kwargs.get("fromrepo")
    option = ["-o", f"APT::Default-Release={release}"] if release else []
    done = _apt.apt(__salt__, "apt-cache", "-q", "policy", *operands(names), *option)
    candidates = _apt.read_candidates(done.stdout)
    installed = list_pkgs(versions_as_list=True)
    found = {}
    for name in names:
        candidate = candidates.get(name, "")
        newest = not any(version_cmp(each, candidate) in (0, 1) for each in installed.get(name, []))
        shown = newest or is_true(kwargs.get("show_installed", False))
        found[name] = candidate if candidate and shown else ""
    return found[names[0]] if len(names) == 1 else found


def available_version(*names: str, **kwargs: Any) -> Any:
    """Return the version that would be installed, as latest_version."""
    return latest_version(*names, **kwargs)


def upgrade_available(name: str, **kwargs: Any) -> bool:
    """
    Tell whether there is a newer version of a package.

    CLI Example: txsalt-cli '*' pkg.upgrade_available nginx
    """
    return latest_version(name) != ""


def list_upgrades(refresh: bool = True, dist_upgrade: bool = True, **kwargs: Any) -> dict[str, str]:
    """
    Return the packages of which there are newer versions: {name: version}.

    CLI Example: txsalt-cli '*' pkg.list_upgrades
    """
    if is_true(refresh):
        refresh_db(kwargs.get("cache_valid_time", 0))
    release = kwargs.get("fromrepo")
    words = ["apt-get", "--just-print", "dist-upgrade" if is_true(dist_upgrade) else "upgrade"]
    words += ["-o", f"APT::Default-Release={release}"] if release else []
    done = _apt.apt(__salt__, *words)
    if done.retcode:
        raise CommandExecutionError(f"Failed to get upgrades: {done.complaint}")
    return _apt.read_upgrades(done.stdout)


def refresh_db(
    cache_valid_time: Any = 0, failhard: bool = False, **kwargs: Any
) -> dict[str, bool | None]:
    """
    Fetch the lists of packages: True for those that are new, None for unchanged, False for failed.

    Nothing is done if the lists are younger than ``cache_valid_time`` seconds; with ``failhard`` a
    list that cannot be had is an error.

    CLI Example: txsalt-cli '*' pkg.refresh_db
    """
    if cache_valid_time and _lists_age() < float(cache_valid_time):
        return {}
    timeout = kwargs.get("timeout", __opts__.get("aptpkg_refresh_db_timeout", 30))
    done = _apt.apt(__salt__, "apt-get", "-q", "update", timeout=float(timeout))
    if "Timed out after" in done.stdout:
        _apt.apt(__salt__, "apt-get", "-q", "clean")
        done = _apt.apt(__salt__, "apt-get", "-q", "update", timeout=_apt.TIMEOUT)
    if done.retcode:
        raise CommandExecutionError(done.stderr or done.complaint)
    found = _apt.read_update(done.stdout)
    lost = [line for line in done.stdout.splitlines() if line.startswith("Err")]
    if is_true(failhard) and lost:
        raise CommandExecutionError(f"Error getting repos: {', '.join(lost)}")
    return found


def version_cmp(pkg1: Any, pkg2: Any, ignore_epoch: bool = False, **kwargs: Any) -> int | None:
    """
    Compare two versions: -1, 0 or 1 as the first is older, equal or newer; None if that fails.

    CLI Example: txsalt-cli '*' pkg.version_cmp '0.2.4-0ubuntu1' '0.2.4.1-0ubuntu1'
    """
    one, two = (str(each).partition(":")[2] or str(each) if ignore_epoch else str(each)
                for each in (pkg1, pkg2))  # fmt: skip
    if one == two:
        return 0
    for order, operator in ((-1, "lt"), (0, "eq"), (1, "gt")):
        argv = ["dpkg", "--compare-versions", one, operator, two]
        if run_tool(__salt__, argv, ignore_retcode=True).retcode == 0:
            return order
    return None


def normalize_name(name: str) -> str:
    """
    Return the name of a package without the architecture, if it is the machine's.

    CLI Example: txsalt-cli '*' pkg.normalize_name zsh:amd64
    """
    stem, _, arch = name.rpartition(":")
    return stem if stem and arch in (_osarch(), "all", "any") else name


def parse_arch(name: str) -> dict[str, str | None]:
    """
    Split a name into name and architecture.

    CLI Example: txsalt-cli '*' pkg.parse_arch zsh:amd64
    """
    stem, _, arch = name.rpartition(":")
    return {"name": stem, "arch": arch} if stem else {"name": name, "arch": None}


def _osarch() -> str:
    """Give the architecture of the machine's packages, as the grain has it or dpkg."""
    known = __grains__.get("osarch")
    return known or check_tool(__salt__, ["dpkg", "--print-architecture"])


def _lists_age() -> float:
    try:
        return time.time() - os.stat(_apt.LISTS).st_mtime
    except OSError:
        return float("inf")
