"""
Look at the packages of a Red Hat system and change them.

Functions that change return {name: {"old": version, "new": version}}.

Source: Salt 3008.3, modules/yumpkg.py; dnf(8).
"""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # users name packages in many forms

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _dnf
from txsalt.modules._packages import (
    DNF,
    changes,
    choose_versions,
    failure,
    files,
    is_true,
    joined,
    keeper,
    targets,
    wildcards,
)
from txsalt.modules._tool import Done, check_tool, operand, operands, run_tool

__virtualname__ = "pkg"


def __virtual__() -> bool | tuple[bool, str]:
    if keeper(__grains__.get("os_family")) != DNF:
        return False, "dnf does not keep the packages of this machine"
    return True


def list_pkgs(versions_as_list: bool = False, **kwargs: Any) -> dict[str, Any]:
    """
    Return the installed packages, {name: version}; remembered while the job runs.

    CLI Example: txsalt-cli '*' pkg.list_pkgs
    """
    if is_true(kwargs.get("removed")) or is_true(kwargs.get("purge_desired")):
        return {}  # rpm keeps nothing of what it removed
    if "pkg.list_pkgs" not in __context__ or not kwargs.get("use_context", True):
        text = check_tool(__salt__, ["rpm", "-qa", "--queryformat", _dnf.QUERY])
        __context__["pkg.list_pkgs"] = _dnf.read_query(text, _osarch())
    return joined(__context__["pkg.list_pkgs"], is_true(versions_as_list))


def version(*names: str, **kwargs: Any) -> Any:
    """
    Return the installed version of a package, "" if there is none; of several, a map.

    CLI Example: txsalt-cli '*' pkg.version bash
    """
    as_list = is_true(kwargs.pop("versions_as_list", False))
    return choose_versions(list_pkgs(versions_as_list=True, **kwargs), names, as_list)


def latest_version(*names: str, **kwargs: Any) -> Any:
    """
    Return the version that would be installed, "" if the package is up to date or unknown.

    CLI Example: txsalt-cli '*' pkg.latest_version nginx
    """
    if not names:
        return ""
    if is_true(kwargs.get("refresh", True)):
        refresh_db()
    argv = ["dnf", "-q", "repoquery", "--latest-limit=1", "--qf", _dnf.REPOQUERY]
    found = _dnf.read_query(check_tool(__salt__, [*argv, *operands(names)], timeout=300), _osarch())
    installed = list_pkgs(versions_as_list=True)
    latest = {name: _newer(found.get(name, []), installed.get(name, [])) for name in names}
    return latest[names[0]] if len(names) == 1 else latest


def available_version(*names: str, **kwargs: Any) -> Any:
    """Return the version that would be installed, as latest_version."""
    return latest_version(*names, **kwargs)


def upgrade_available(name: str, **kwargs: Any) -> bool:
    """
    Tell whether there is a newer version of a package.

    CLI Example: txsalt-cli '*' pkg.upgrade_available nginx
    """
    return latest_version(name, **kwargs) != ""


def list_upgrades(refresh: bool = True, **kwargs: Any) -> dict[str, str]:
    """
    Return the packages of which there are newer versions: {name: version}.

    CLI Example: txsalt-cli '*' pkg.list_upgrades
    """
    if is_true(refresh):
        refresh_db()
    argv = ["dnf", "-q", "repoquery", "--upgrades", "--latest-limit=1", "--qf", _dnf.REPOQUERY]
    found = _dnf.read_query(check_tool(__salt__, argv, timeout=300), _osarch())
    return {name: each[-1] for name, each in found.items()}


def refresh_db(**kwargs: Any) -> bool | None:
    """
    Fetch the lists of packages anew; True if there are upgrades, None if not.

    Raises CommandExecutionError with what dnf said, if that fails.

    CLI Example: txsalt-cli '*' pkg.refresh_db
    """
    check_tool(__salt__, ["dnf", "-q", "clean", "expire-cache"])
    done = run_tool(__salt__, ["dnf", "-q", "check-update"], timeout=600, ignore_retcode=True)
    if done.retcode not in (0, 100):
        raise CommandExecutionError(f"dnf check-update failed: {done.complaint}")
    return True if done.retcode == 100 else None


def install(
    name: str | None = None,
    refresh: bool = False,
    skip_verify: bool = False,
    pkgs: Any = None,
    sources: Any = None,
    downloadonly: bool = False,
    reinstall: bool = False,
    normalize: bool = True,
    update_holds: bool = False,
    saltenv: str = "base",
    ignore_epoch: bool = False,
    **kwargs: Any,
) -> dict[str, Any]:
    """
    Install packages; return what changed.

    ``pkgs`` is a list of names and {name: version}, ``sources`` a list of {name: path of a file}.
    ``fromrepo`` is the only repository to use, ``enablerepo`` and ``disablerepo`` change which are.

    CLI Example: txsalt-cli '*' pkg.install pkgs='["foo", {"bar": "1.2.3-4.el9"}]'
    """
    if is_true(refresh):
        refresh_db()
    before = list_pkgs(use_context=False)
    paths = list(files(sources).values())
    wanted = {} if paths else targets(name, pkgs, kwargs.get("version"))
    again = {each for each in wanted if is_true(reinstall) and _is_there(before, wanted, each)}
    words = [_word(each, version) for each, version in wanted.items() if each not in again]
    argv = ["dnf", "-y", *_repositories(kwargs)]
    argv += ["--nogpgcheck"] if skip_verify else []
    argv += ["--downloadonly"] if downloadonly else []
    argv += ["--disableplugin=versionlock"] if update_holds else []
    jobs = {
        "install": operands(paths) or words,
        "reinstall": [_word(each, wanted[each]) for each in again],
    }
    all_done = [_change(*argv, action, *named) for action, named in jobs.items() if named]
    failed = next((done for done in all_done if done.retcode), None)
    redone = {each: {"old": before[each], "new": before[each]} for each in sorted(again)}
    return _result("Problem encountered installing package(s)", failed, before, redone)


def upgrade(
    name: str | None = None, pkgs: Any = None, refresh: bool = True, **kwargs: Any
) -> dict[str, Any]:
    """
    Bring packages up to date, all if none is named.

    CLI Example: txsalt-cli '*' pkg.upgrade
    """
    if is_true(refresh):
        refresh_db()
    before = list_pkgs(use_context=False)
    done = _change("dnf", "-y", *_repositories(kwargs), "upgrade", *operands(targets(name, pkgs)))
    return _result("Problem encountered upgrading packages", done, before)


def remove(name: str | None = None, pkgs: Any = None, **kwargs: Any) -> dict[str, Any]:
    """
    Remove packages, whose names may be patterns.

    CLI Example: txsalt-cli '*' pkg.remove nginx
    """
    before = list_pkgs(use_context=False)
    found = wildcards(before, targets(name, pkgs))
    if not found:
        return {}
    done = _change("dnf", "-y", "remove", *found)
    return _result("Problem encountered removing package(s)", done, before)


def purge(name: str | None = None, pkgs: Any = None, **kwargs: Any) -> dict[str, Any]:
    """Remove packages, as remove: rpm has no more to remove."""
    return remove(name, pkgs, **kwargs)


def version_cmp(pkg1: Any, pkg2: Any, ignore_epoch: bool = False, **kwargs: Any) -> int:
    """
    Compare two versions: -1, 0 or 1 as the first is older, equal or newer.

    CLI Example: txsalt-cli '*' pkg.version_cmp '0.2-001' '0.2.0.1-002'
    """
    one, two = (str(each).rpartition(":")[2] if ignore_epoch else str(each)
                for each in (pkg1, pkg2))  # fmt: skip
    return _dnf.compare(one, two)


def hold(name: str | None = None, pkgs: Any = None, sources: Any = None, **kwargs: Any) -> Any:
    """
    Keep packages at their versions: {name: {"name", "changes", "result", "comment"}}.

    CLI Example: txsalt-cli '*' pkg.hold nginx
    """
    return {each: _lock(each, hold=True) for each in _named(name, pkgs, sources)}


def unhold(name: str | None = None, pkgs: Any = None, sources: Any = None, **kwargs: Any) -> Any:
    """
    Take back what hold did.

    CLI Example: txsalt-cli '*' pkg.unhold nginx
    """
    return {each: _lock(each, hold=False) for each in _named(name, pkgs, sources)}


def list_holds(pattern: str | None = None, full: bool = True) -> list[str]:
    """
    Return what is held; names only unless ``full``.

    CLI Example: txsalt-cli '*' pkg.list_holds full=False
    """
    locks = _dnf.read_locks(check_tool(__salt__, ["dnf", "-q", "versionlock", "list"]))
    return locks if full else [_dnf.locked_name(each) for each in locks]


def list_repos(basedir: Any = None, **kwargs: Any) -> dict[str, dict[str, str]]:
    """
    Return the repositories of this machine by name.

    CLI Example: txsalt-cli '*' pkg.list_repos
    """
    folder = Path(basedir or "/etc/yum.repos.d")
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.repo")):
        found |= _dnf.read_repos(path.read_text(errors="replace"), str(path))
    return found


def get_repo(repo: str, basedir: Any = None, **kwargs: Any) -> dict[str, str]:
    """
    Return one repository, {} if there is none.

    CLI Example: txsalt-cli '*' pkg.get_repo appstream
    """
    found = list_repos(basedir).get(repo, {})
    return {name: value for name, value in found.items() if name != "file"}


def file_list(*packages: str, **kwargs: Any) -> dict[str, list[str]]:
    """
    Return the files of packages: {"errors", "files"}.

    CLI Example: txsalt-cli '*' pkg.file_list bash
    """
    done = run_tool(__salt__, ["rpm", "-ql" if packages else "-qla", *operands(packages)])
    lines = done.stdout.splitlines()
    return {
        "errors": [line for line in lines if line.startswith("package ")],
        "files": sorted({line for line in lines if line.startswith("/")}),
    }


def owner(*paths: str, **kwargs: Any) -> Any:
    """
    Return the package that a file belongs to, "" if none; of several files, a map.

    CLI Example: txsalt-cli '*' pkg.owner /usr/bin/bash
    """
    found = {}
    for path in paths:
        done = run_tool(__salt__, ["rpm", "-qf", "--queryformat", "%{name}\n", operand(path)])
        found[path] = done.stdout.splitlines()[0] if done.retcode == 0 else ""
    return found if len(found) != 1 else next(iter(found.values()))


def _change(*words: str) -> Done:
    return run_tool(__salt__, words, timeout=_dnf.TIMEOUT)


def _result(
    what: str,
    done: Done | None,
    before: dict[str, str],
    redone: Mapping[str, dict[str, str]] | None = None,
) -> dict[str, Any]:
    """Give what changed, with ``redone`` besides; raise if dnf failed (None: it did not)."""
    changed = changes(before, list_pkgs(use_context=False))
    if done is not None and done.retcode:
        raise failure(what, [done.complaint], changed)
    return {**(redone or {}), **changed}


def _is_there(before: dict[str, str], wanted: dict[str, str | None], name: str) -> bool:
    return name in before and wanted[name] in (None, before[name])


def _word(name: str, version: str | None) -> str:
    """Name a package, and the version of it, as dnf wants them."""
    return operand(name if version is None else f"{name}-{version.lstrip('=')}")


def _repositories(given: dict[str, Any]) -> list[str]:
    fromrepo = given.get("fromrepo") or given.get("repo")
    if fromrepo:
        return ["--disablerepo=*", f"--enablerepo={fromrepo}"]
    names = [name for name in ("disablerepo", "enablerepo") if given.get(name)]
    return [f"--{name}={given[name]}" for name in names]


def _newer(candidates: list[str], installed: list[str]) -> str:
    newest = candidates[-1] if candidates else ""
    return "" if any(_dnf.compare(each, newest) >= 0 for each in installed) else newest


def _named(name: str | None, pkgs: Any, sources: Any) -> list[str]:
    if not name and not pkgs and not sources:
        raise SaltInvocationError("One of name, pkgs, or sources must be specified.")
    return list(files(sources)) if sources else list(targets(name, pkgs))


def _lock(name: str, *, hold: bool) -> dict[str, Any]:
    is_held = name in list_holds(full=False)
    words = "is already set to be held" if hold else "is already set not to be held"
    answer: dict[str, Any] = {"name": name, "changes": {}, "result": True}
    if is_held == hold:
        return {**answer, "comment": f"Package {name} {words}."}
    if __opts__.get("test"):
        words = "is set to be held" if hold else "is set not to be held"
        return {**answer, "result": None, "comment": f"Package {name} {words}."}
    done = run_tool(
        __salt__, ["dnf", "-q", "versionlock", "add" if hold else "delete", operand(name)]
    )
    if done.retcode:
        return {**answer, "result": False, "comment": done.complaint}
    states = ["install", "hold"] if hold else ["hold", "install"]
    answer["changes"] = {"old": states[0], "new": states[1]}
    words = "is now being held" if hold else "is no longer being held"
    return {**answer, "comment": f"Package {name} {words}."}


def _osarch() -> str:
    return __grains__.get("osarch") or platform.machine()
