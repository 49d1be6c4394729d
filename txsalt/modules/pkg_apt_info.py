"""
Look into the packages of a Debian system: their files, selections, descriptions, repositories.

Source: Salt 3008.3, modules/aptpkg.py, modules/dpkg_lowpkg.py.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any  # users name packages in many forms

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _apt
from txsalt.modules._packages import APT, is_true, keeper, refuse_unknown
from txsalt.modules._sources_edit import read_line
from txsalt.modules._sources_list import repositories
from txsalt.modules._tool import check_tool, operand, operands, run_tool

__virtualname__ = "pkg"

_VERSIONS = re.compile(r"(?m)^(Package|Version): (.+)$")
_DUMPED = re.compile(r"(?m)^(Package| Version): (.+)$")

# What is told of a package → the field of dpkg's database.
_FIELDS = {
    "name": "Package",
    "revision": "binary:Revision",
    "architecture": "Architecture",
    "packager": "Maintainer",
    "summary": "Summary",
    "source": "source:Package",
    "version": "Version",
    "group": "Section",
    "size": "Size",
    "MD5": "MD5sum",
    "SHA1": "SHA1",
    "SHA256": "SHA256",
    "vendor": "Origin",
    "url": "Homepage",
    "status": "db:Status-Abbrev",
    "install_date": "db-fsys:Last-Modified",
    "description": "Description",
}
_STATES = ("install", "hold", "deinstall", "purge")


def __virtual__() -> bool | tuple[bool, str]:
    if keeper(__grains__.get("os_family")) != APT:
        return False, "apt does not keep the packages of this machine"
    return True


def info_installed(*names: str, **kwargs: Any) -> dict[str, dict[str, str]]:
    """
    Return what is known of installed packages, of all if none is named.

    An unknown one is an error unless failhard=False.

    CLI Example: txsalt-cli '*' pkg.info_installed bash
    """
    refuse_unknown(kwargs, ("failhard",))
    form = "\x1f".join(f"${{{field}}}" for field in _FIELDS.values()) + "\x1e"
    done = run_tool(__salt__, ["dpkg-query", "-W", f"-f={form}", *operands(names)])
    if done.retcode and kwargs.get("failhard", True):
        raise CommandExecutionError(f"Error getting packages information: {done.stderr}")
    found = {}
    for record in done.stdout.split("\x1e"):
        values = record.split("\x1f")
        if len(values) == len(_FIELDS):
            info = _information(dict(zip(_FIELDS, values, strict=True)))
            if info.pop("status", "ii")[1:2] == "i":
                found[info["name"]] = info
    return found


def file_list(*packages: str, **kwargs: Any) -> Any:
    """
    Return the files of packages: {"errors", "files"}; if one is unknown, text that says so.

    CLI Example: txsalt-cli '*' pkg.file_list bash dash
    """
    found = file_dict(*packages)
    if isinstance(found, str):
        return found
    files = {path for each in found["packages"].values() for path in each}
    return {"errors": [], "files": sorted(files)}


def file_dict(*packages: str, **kwargs: Any) -> Any:
    """
    Return the files of packages by package: {"errors", "packages"}.

    CLI Example: txsalt-cli '*' pkg.file_dict bash dash
    """
    form = "${db:Status-Status}\t${binary:Package}\n"
    done = run_tool(__salt__, ["dpkg-query", f"-f={form}", "-W", *operands(packages)])
    if done.retcode:
        return f"Error:  {done.stderr}"
    rows = (line.split("\t") for line in done.stdout.splitlines())
    names = [row[1] for row in rows if row[0] == "installed"]
    listed = {name: run_tool(__salt__, ["dpkg", "-L", name]).stdout for name in names}
    return {"errors": [], "packages": {name: text.splitlines() for name, text in listed.items()}}


def owner(*paths: str, **kwargs: Any) -> Any:
    """
    Return the package that a file belongs to, "" if none; of several files, a map.

    CLI Example: txsalt-cli '*' pkg.owner /usr/bin/apachectl
    """
    found = {}
    for path in paths:
        done = run_tool(__salt__, ["dpkg", "-S", operand(path)])
        found[path] = done.stdout.split(":")[0] if done.retcode == 0 else ""
    return found if len(found) != 1 else next(iter(found.values()))


def which(path: str) -> str | bool | None:
    """
    Return the package that a file belongs to, None if none; False if there is no such file.

    CLI Example: txsalt-cli '*' pkg.which /usr/bin/apt
    """
    if not (Path(path).is_absolute() and Path(path).exists()):
        return False
    done = run_tool(__salt__, ["dpkg", "-S", path])
    return done.stdout.split(":")[0] if done.retcode == 0 else None


def get_selections(pattern: str | None = None, state: str | None = None) -> dict[str, list[str]]:
    """
    Return what dpkg is told to do with packages: {state: [name, …]}.

    CLI Example: txsalt-cli '*' pkg.get_selections 'python-*' state=hold
    """
    argv = ["dpkg", "--get-selections", operand(pattern or "*")]
    found = _apt.read_selections(run_tool(__salt__, argv).stdout)
    return {state: found.get(state, [])} if state else found


def set_selections(
    path: str | None = None, selection: Any = None, clear: bool = False, saltenv: str = "base"
) -> dict[str, Any]:
    """
    Tell dpkg what to do with packages, {state: [name, …]}; return what changed.

    ``path`` is a file with the output of dpkg --get-selections; ``clear`` forgets all before.

    CLI Example: txsalt-cli '*' pkg.set_selections selection='{"hold": ["linux-image-amd64"]}'
    """
    if path and selection:
        raise SaltInvocationError("'selection' and 'path' cannot be specified together")
    if path:
        cached = __salt__["cp.cache_file"](path, saltenv)
        if not cached:
            raise CommandExecutionError(f"{path} was not found")
        selection = _apt.read_selections(Path(cached).read_text(errors="replace"))
    wrong = [state for state in selection or {} if state not in _STATES]
    if wrong:
        raise SaltInvocationError(f"Invalid state(s): {', '.join(wrong)}")
    if not selection or __opts__.get("test"):
        return {}
    if clear:
        check_tool(__salt__, ["dpkg", "--clear-selections"])
    before = {name: state for state, names in get_selections().items() for name in names}
    wanted = {name: state for state, names in selection.items() for name in names}
    new = {name: state for name, state in wanted.items() if before.get(name) != state}
    lines = "".join(f"{name} {state}\n" for name, state in new.items())
    if lines:
        check_tool(__salt__, ["dpkg", "--set-selections"], stdin=lines)
    return {name: {"old": before.get(name), "new": state} for name, state in new.items()}


def show(*names: str, **kwargs: Any) -> dict[str, dict[str, dict[str, str]]]:
    """
    Return what the lists say of packages: {name: {version: {field: value}}}.

    ``filter`` are the fields wanted, ``refresh`` fetches the lists first.

    CLI Example: txsalt-cli '*' pkg.show 'nginx*' filter=description,provides
    """
    refuse_unknown(kwargs, ("filter", "refresh"))
    if is_true(kwargs.get("refresh", False)):
        __salt__["pkg.refresh_db"]()
    wanted = kwargs.get("filter") or []
    wanted = wanted.split(",") if isinstance(wanted, str) else wanted
    fields = {str(each).strip().lower() for each in wanted}
    if not names:
        return {}
    found: dict[str, dict[str, dict[str, str]]] = {}
    text = run_tool(__salt__, ["apt-cache", "show", *operands(names)]).stdout
    for stanza in _apt.read_stanzas(text):
        name, version = stanza.pop("Package", ""), stanza.pop("Version", "")
        kept = {key: value.partition("\n")[0] for key, value in stanza.items()
                if not fields or key.lower() in fields}  # fmt: skip
        found.setdefault(name, {})[version] = kept
    return found


def list_repo_pkgs(*args: str, **kwargs: Any) -> dict[str, list[str]]:
    """
    Return the versions of packages that apt knows, the newest first: of some, or of all.

    Names may be patterns. What is installed is known as well; what is not known is left out.

    CLI Example: txsalt-cli '*' pkg.list_repo_pkgs foo bar
    """
    argv = ["apt-cache", "show", *operands(args)] if args else ["apt-cache", "dump"]
    text = run_tool(__salt__, argv, ignore_retcode=True).stdout
    found: dict[str, dict[str, None]] = {}
    package = ""
    # "dump" indents versions by one; descriptions, where "show" is asked, are indented as well.
    for field, value in re.findall(_VERSIONS if args else _DUMPED, text):
        if field == "Package":
            package = value
        else:
            found.setdefault(package, {})[value] = None
    return {name: list(versions) for name, versions in found.items()}


def list_repos(**kwargs: Any) -> dict[str, list[dict[str, Any]]]:
    """
    Return the repositories of this machine by address.

    CLI Example: txsalt-cli '*' pkg.list_repos
    """
    return repositories()


def get_repo(repo: str, **kwargs: Any) -> dict[str, Any]:
    """
    Return the repository of a line as in sources.list, or the first of an address; {} if none.

    Of a line one component has to be there, if it names any.

    CLI Example: txsalt-cli '*' pkg.get_repo 'deb http://deb.debian.org/debian stable main'
    """
    line = read_line(repo)
    if line is not None:
        listed = (one for each in repositories().values() for one in each)
        found = (
            one
            for one in listed
            if (one["type"], one["dist"]) == (line.kind, line.suite)
            and one["uri"].rstrip("/") == line.uri.rstrip("/")
            and (not line.comps or set(line.comps) & set(one["comps"]))
        )
        return next(found, {})
    match = re.search(r"\S+:/\S*", repo)
    uri = (match[0] if match else repo).rstrip("/")
    entries = [
        one for key, each in repositories().items() if key.rstrip("/") == uri for one in each
    ]
    return next((one for one in entries if repo == one["line"]), entries[0] if entries else {})


def _information(values: dict[str, str]) -> dict[str, str]:
    found = {key: value.strip() for key, value in values.items() if value.strip()}
    if found.get("install_date", "").isdigit():
        moment = datetime.fromtimestamp(int(found["install_date"]), UTC)
        found["install_date"] = moment.isoformat().replace("+00:00", "Z")
    licenses = _licenses(found["name"])
    return found | ({"license": licenses} if licenses else {})


def _licenses(name: str) -> str:
    try:
        text = Path(f"/usr/share/doc/{name}/copyright").read_text(errors="ignore")
    except OSError:
        return ""
    return ", ".join(sorted({each.strip() for each in re.findall(r"(?m)^License:(.*)$", text)}))
