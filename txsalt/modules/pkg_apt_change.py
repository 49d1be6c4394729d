"""
Install and remove the packages of a Debian system.

Functions return what changed: {name: {"old": version, "new": version}}.

Source: Salt 3008.3, modules/aptpkg.py.
"""

from typing import Any  # users name packages in many forms

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _apt
from txsalt.modules._packages import (
    APT,
    changes,
    failure,
    files,
    holds,
    is_true,
    keeper,
    targets,
    wildcards,
)
from txsalt.modules._tool import Done, check_tool, operand, operands, run_tool

__virtualname__ = "pkg"

_KEEP_CONFIGURATION = ("-o", "DPkg::Options::=--force-confold", "-o",
                       "DPkg::Options::=--force-confdef")  # fmt: skip
_NEW_CONFIGURATION = ("-o", "DPkg::Options::=--force-confnew")


def __virtual__() -> bool | tuple[bool, str]:
    if keeper(__grains__.get("os_family")) != APT:
        return False, "apt does not keep the packages of this machine"
    return True


def install(
    name: str | None = None,
    refresh: bool = False,
    fromrepo: str | None = None,
    skip_verify: bool = False,
    debconf: str | None = None,
    pkgs: Any = None,
    sources: Any = None,
    reinstall: bool = False,
    downloadonly: bool = False,
    ignore_epoch: bool = False,
    normalize: bool = True,
    **kwargs: Any,
) -> dict[str, Any]:
    """
    Install packages; return what changed.

    ``pkgs`` is a list of names and {name: version}, ``sources`` a list of {name: path of a file};
    a version may be a condition (">=1.2"). ``refresh`` fetches the lists first; ``fromrepo`` is a
    release. Further keywords: version, install_recommends, only_upgrade, force_conf_new.

    CLI Example: txsalt-cli '*' pkg.install pkgs='["foo", {"bar": "1.2.3-0ubuntu0"}]'
    """
    if pkgs and sources:
        raise SaltInvocationError('Only one of "pkgs" and "sources" can be used.')
    if is_true(refresh):
        __salt__["pkg.refresh_db"](kwargs.get("cache_valid_time", 0))
    if debconf:
        __salt__["debconf.set_file"](debconf)
    before = __salt__["pkg.list_pkgs"](use_context=False)
    paths = list(files(sources).values())
    wanted = {} if paths else targets(name, pkgs, kwargs.get("version"))
    if normalize:
        wanted = {__salt__["pkg.normalize_name"](each): wanted[each] for each in wanted}
    words = operands(paths) or [_word(each, condition) for each, condition in wanted.items()]
    if not words:
        return {}
    argv = _install_argv(fromrepo, skip_verify, reinstall, downloadonly, kwargs)
    held = __salt__["pkg.get_selections"](state="hold")["hold"]
    done = _change(*argv, *words, env=kwargs.get("env"))
    for each in set(held) & set(wanted):
        _hold(each)  # apt forgets it when it changes a held package
    changed = _changed(before)
    for each in wanted if reinstall else ():
        if each in before:
            changed.setdefault(each, {"old": before[each], "new": before[each]})
    if done.retcode:
        errors = [done.complaint]
        raise failure("Problem encountered installing package(s)", errors, changed)
    return changed


def upgrade(refresh: bool = True, dist_upgrade: bool = False, **kwargs: Any) -> dict[str, Any]:
    """
    Bring all packages up to date; with ``dist_upgrade`` also if others must go for it.

    CLI Example: txsalt-cli '*' pkg.upgrade
    """
    if is_true(refresh):
        __salt__["pkg.refresh_db"](kwargs.get("cache_valid_time", 0))
    before = __salt__["pkg.list_pkgs"](use_context=False)
    argv = ["apt-get", "-q", "-y", *_configuration(kwargs)]
    argv += ["--allow-unauthenticated"] if kwargs.get("skip_verify") else []
    if kwargs.get("download_only") or kwargs.get("downloadonly"):
        argv.append("--download-only")
    argv += ["--allow-downgrades"] if kwargs.get("allow_downgrades") else []
    done = _change(*argv, "dist-upgrade" if is_true(dist_upgrade) else "upgrade")
    changed = _changed(before)
    if done.retcode:
        raise failure("Problem encountered upgrading packages", [done.complaint], changed)
    return changed


def remove(name: str | None = None, pkgs: Any = None, **kwargs: Any) -> dict[str, Any]:
    """
    Remove packages, whose names may be patterns; configuration stays.

    CLI Example: txsalt-cli '*' pkg.remove nginx
    """
    return _uninstall("remove", name, pkgs, kwargs)


def purge(name: str | None = None, pkgs: Any = None, **kwargs: Any) -> dict[str, Any]:
    """
    Remove packages and their configuration: {"installed": changes, "removed": changes}.

    CLI Example: txsalt-cli '*' pkg.purge nginx
    """
    return _uninstall("purge", name, pkgs, kwargs)


def autoremove(list_only: bool = False, purge: bool = False) -> Any:
    """
    Remove packages that no other needs any more; with ``list_only`` return their names only.

    CLI Example: txsalt-cli '*' pkg.autoremove list_only=True
    """
    option = ["--purge"] if purge else []
    if list_only:
        argv = ["apt-get", "--just-print", *option, "autoremove"]
        text = check_tool(__salt__, argv, env=_apt.QUIET)
        lines = (line.split() for line in text.splitlines())
        return sorted(words[1] for words in lines if words and words[0] in ("Remv", "Purg"))
    before = __salt__["pkg.list_pkgs"](use_context=False)
    _change("apt-get", "--assume-yes", *option, "autoremove")
    return _changed(before)


def hold(name: str | None = None, pkgs: Any = None, sources: Any = None, **kwargs: Any) -> Any:
    """
    Keep packages at their versions: {name: {"name", "changes", "result", "comment"}}.

    CLI Example: txsalt-cli '*' pkg.hold nginx
    """
    return {each: _hold(each) for each in _held_names(name, pkgs, sources)}


def unhold(name: str | None = None, pkgs: Any = None, sources: Any = None, **kwargs: Any) -> Any:
    """
    Take back what hold did.

    CLI Example: txsalt-cli '*' pkg.unhold nginx
    """
    return {each: _unhold(each) for each in _held_names(name, pkgs, sources)}


def _install_argv(
    fromrepo: str | None, skip_verify: bool, reinstall: bool, download: bool, given: dict[str, Any]
) -> list[str]:
    argv = ["apt-get", "-q", "-y", *_configuration(given)]
    if "install_recommends" in given:
        argv.append(f"--{'' if given['install_recommends'] else 'no-'}install-recommends")
    argv += ["--only-upgrade"] if given.get("only_upgrade") else []
    argv += ["--allow-unauthenticated"] if skip_verify else []
    # An older version, or one that is held, was asked for by name.
    argv += ["--allow-downgrades", "--allow-change-held-packages"]
    argv += ["-t", fromrepo or given["repo"]] if fromrepo or given.get("repo") else []
    argv += ["--download-only"] if download else []
    return [*argv, *(["--reinstall"] if reinstall else []), "install"]


def _word(name: str, condition: str | None) -> str:
    """Give the word for a package; of a condition, the newest version that fits."""
    if condition is None:
        return operand(name)
    if not condition.startswith(("<", ">", "!")):  # apt-get itself knows patterns such as 1.2*
        return operand(f"{name}={condition.lstrip('=')}")
    text = check_tool(__salt__, ["apt-cache", "madison", operand(name)])
    rows = (line.split("|") for line in text.splitlines())
    versions = [row[1].strip() for row in rows if len(row) == 3]
    compare = __salt__["pkg.version_cmp"]
    for each in versions:  # the newest comes first
        if holds(compare, each, condition):
            return f"{name}={each}"
    raise CommandExecutionError(
        f"No version matching '{name}{condition}' could be found (available: {', '.join(versions)})"
    )


def _uninstall(action: str, name: Any, pkgs: Any, given: dict[str, Any]) -> dict[str, Any]:
    wanted = targets(name, pkgs)
    before = __salt__["pkg.list_pkgs"](use_context=False)
    left_before = __salt__["pkg.list_pkgs"](removed=True)
    found = wildcards(before, wanted)
    if action == "purge":
        found += wildcards(left_before, wanted)
    if not found:
        return {}
    done = _change("apt-get", "-q", "-y", action, *found, env=given.get("env"))
    changed: dict[str, Any] = _changed(before)
    if action == "purge":
        left = __salt__["pkg.list_pkgs"](removed=True)
        changed = {"removed": changes(left_before, left), "installed": changed}
    if done.retcode:
        errors = [done.complaint]
        raise failure("Problem encountered removing package(s)", errors, changed)
    return changed


def _change(*words: str, env: Any = None) -> Done:
    argv = [*_apt.scope(__salt__), *words]
    return _apt.apt(__salt__, *argv, env=env, timeout=_apt.TIMEOUT)


def _changed(before: dict[str, str]) -> dict[str, Any]:
    return changes(before, __salt__["pkg.list_pkgs"](use_context=False))


def _configuration(given: dict[str, Any]) -> tuple[str, ...]:
    return _NEW_CONFIGURATION if given.get("force_conf_new") else _KEEP_CONFIGURATION


def _held_names(name: str | None, pkgs: Any, sources: Any) -> list[str]:
    if not name and not pkgs and not sources:
        raise SaltInvocationError("One of name, pkgs, or sources must be specified.")
    if pkgs and sources:
        raise SaltInvocationError("Only one of pkgs or sources can be specified.")
    return list(files(sources)) if sources else list(targets(name, pkgs))


def _hold(name: str) -> dict[str, Any]:
    if "hold" in _selection(name):
        return _verdict(name, True, f"Package {name} is already set to be held.")
    return _select(name, "hold", "is now being held", "is set to be held")


def _unhold(name: str) -> dict[str, Any]:
    found = _selection(name)
    if not found:
        return _verdict(name, False, f"Package {name} does not have a state.")
    if "hold" not in found:
        return _verdict(name, True, f"Package {name} is already set not to be held.")
    return _select(name, "install", "is no longer being held", "is set not to be held")


def _select(name: str, state: str, done: str, would: str) -> dict[str, Any]:
    if __opts__.get("test"):
        return _verdict(name, None, f"Package {name} {would}.")
    old = next(iter(_selection(name)), None)
    result = run_tool(__salt__, ["dpkg", "--set-selections"], stdin=f"{name} {state}\n")
    if result.retcode or state not in _selection(name):
        return _verdict(name, False, f"Package {name} not currently held. {result.stderr}".strip())
    answer = _verdict(name, True, f"Package {name} {done}.")
    return {**answer, "changes": {"old": old, "new": state}}


def _selection(name: str) -> dict[str, list[str]]:
    return __salt__["pkg.get_selections"](pattern=name)


def _verdict(name: str, result: bool | None, comment: str) -> dict[str, Any]:
    return {"name": name, "changes": {}, "result": result, "comment": comment}
