"""
Add, change and remove the repositories of a Debian system.

Both forms of files are known: lines (``.list``) and paragraphs (``.sources``). A repository is
named by a line, such as "deb [signed-by=/etc/apt/keyrings/x.gpg] https://host/debian stable main".
A paragraph that is for several suites is meant by any one of them.

Source: Salt 3008.3, modules/aptpkg.py.
"""

import contextlib
from collections.abc import Iterator
from typing import Any  # users write options in many forms

from attrs import evolve

from txsalt.jobs.errors import CommandExecutionError, SaltInvocationError
from txsalt.modules import _apt
from txsalt.modules._apt_keys import install_key
from txsalt.modules._packages import APT, is_true, keeper
from txsalt.modules._sources_edit import Change, Entry, Line, Sources, new_stanza, read_line
from txsalt.modules._tool import which as find_tool

__virtualname__ = "pkg"


def __virtual__() -> bool | tuple[bool, str]:
    if keeper(__grains__.get("os_family")) != APT:
        return False, "apt does not keep the packages of this machine"
    return True


def mod_repo(repo: str, saltenv: str = "base", aptkey: bool = True,
             **kwargs: Any) -> dict[str, Any]:  # fmt: skip
    """
    Change a repository, or add it; return {repo: what pkg.get_repo tells of it}.

    Keywords: comps and architectures (separated by commas), uri, dist, type, file, enabled or
    disabled, trusted, comments; key_url, key_text, or keyid with keyserver: its key, which goes
    to the file of signed-by, or to apt-key where there is one. refresh=False: fetch no lists. The
    file is sources.list unless named; one that ends in .sources gets a paragraph.

    CLI Example: txsalt-cli '*' pkg.mod_repo 'deb http://deb.debian.org/debian sid main' \
        file=/etc/apt/sources.list.d/sid.list enabled=False
    """
    if repo.startswith("ppa:"):
        return _add_ppa(repo, kwargs)
    if is_true(kwargs.get("consolidate", False)):
        raise SaltInvocationError("consolidate is not supported: files stay as their owners are")
    asked = _asked(repo)
    change = _change(asked, kwargs)
    aptkey = is_true(aptkey) and find_tool("apt-key") is not None
    keys = {key: kwargs.get(key) for key in ("key_url", "key_text", "keyid", "keyserver")}
    install_key(__salt__, keys, asked.signedby, saltenv, aptkey)
    with _explained():
        sources = Sources()
        part = next(
            (part for part, entry in sources.entries() if _is_meant(entry, asked, kwargs, change)),
            None,
        )
        path = str(kwargs.get("file") or (part.path if part else sources.main))
        if part is None and not aptkey and not (asked.signedby or _trusted(asked, change)):
            raise SaltInvocationError(
                "missing 'signedby' or 'trusted' option when apt-key is missing"
            )
        if part is not None and part.path == path:
            # A line becomes the one that was given; of a paragraph, only what was given changes.
            old = part.entry
            new = evolve(asked, comment=old.comment) if isinstance(old, Line) else old
            sources.replace(part, new.changed(change) if new else part.text)
        else:
            if part is not None:
                sources.replace(part, "")
            line = read_line(asked.changed(change)) or asked
            sources.add(path, new_stanza(line) if path.endswith(".sources") else line.text())
        sources.save()
    _refresh(kwargs)
    return {repo: __salt__["pkg.get_repo"](asked.changed(change).strip())}


def del_repo(repo: str, **kwargs: Any) -> str:
    """
    Remove a repository, or those of its components that are named; say from which files.

    A file in sources.list.d in which no entry is left is removed. Then the lists are fetched,
    unless refresh=False.

    CLI Example: txsalt-cli '*' pkg.del_repo 'deb http://deb.debian.org/debian sid main'
    """
    asked = _asked(repo)
    touched = []
    with _explained():
        sources = Sources()
        for part, entry in sources.entries():
            same = entry.architectures == asked.architectures and _is_at(entry, asked)
            text = _without(entry, asked) if same else None
            if text is not None:
                touched.append(part.path)
                sources.replace(part, text)
        if not touched:
            raise CommandExecutionError(f"Repo {repo} doesn't exist in the sources.list(s)")
        removed = sources.save()
    _refresh(kwargs)
    return "".join(
        f"File {path} containing repo '{repo}' has been removed."
        if path in removed
        else f"Repo '{repo}' has been removed from {path}.\n"
        for path in dict.fromkeys(touched)
    )


def _asked(repo: str) -> Line:
    line = read_line(repo)
    if line is None:
        raise SaltInvocationError(
            f"Name {repo} is not valid. This must be the complete repo entry as seen in the "
            "sources file"
        )
    return line


def _change(asked: Line, given: dict[str, Any]) -> Change:
    disabled = None
    if "disabled" in given:
        disabled = is_true(given["disabled"])
    elif "enabled" in given:
        disabled = not is_true(given["enabled"])
    comments = given.get("comments")
    return Change(
        uris=[str(given["uri"])] if given.get("uri") else None,
        suites=[str(given["dist"])] if given.get("dist") else None,
        types=[str(given["type"])] if given.get("type") else None,
        comps=_listed(given["comps"]) if "comps" in given else asked.comps,
        architectures=_listed(given.get("architectures")) or asked.architectures or None,
        signedby=asked.signedby or None,
        trusted=is_true(given["trusted"]) if "trusted" in given else None,
        disabled=disabled,
        comment=" ".join(map(str, comments if isinstance(comments, list) else [comments]))
        if comments
        else None,
    )


def _listed(value: Any) -> list[str]:
    words = value.split(",") if isinstance(value, str) else value or ()
    return [str(each).strip() for each in words if str(each).strip()]


def _is_at(entry: Entry, asked: Line) -> bool:
    """Tell whether an entry is of the type, the address and the suite of a line."""
    uris = [uri.rstrip("/") for uri in entry.uris]
    return (
        asked.kind in entry.types and asked.uri.rstrip("/") in uris and asked.suite in entry.suites
    )


def _is_meant(entry: Entry, asked: Line, given: dict[str, Any], change: Change) -> bool:
    after = given.get("dist") in entry.suites and given.get("type") in entry.types
    if not after and not _is_at(entry, asked):
        return False
    wanted = {*asked.comps, *(change.comps or ())}
    other = (change.architectures or []) != entry.architectures
    return not entry.comps or bool(wanted & set(entry.comps)) or other


def _without(entry: Entry, asked: Line) -> str | None:
    """Give the text of an entry without a repository, "" if nothing is left; None: not in it."""
    if set(entry.comps) == set(asked.comps):
        suites = [each for each in entry.suites if each != asked.suite]
        return entry.changed(Change(suites=suites)) if suites else ""
    if not set(entry.comps) & set(asked.comps):
        return None
    comps = [each for each in entry.comps if each not in asked.comps]
    return entry.changed(Change(comps=comps)) if comps else ""


def _trusted(asked: Line, change: Change) -> bool:
    return bool(change.trusted) or asked.options.get("trusted") == "yes"


def _add_ppa(repo: str, given: dict[str, Any]) -> dict[str, Any]:
    if __grains__.get("os") not in ("Ubuntu", "Mint", "neon"):
        raise CommandExecutionError(f'cannot parse "ppa:" style repo definitions: {repo}')
    done = _apt.apt(__salt__, "apt-add-repository", "-y", repo)
    if done.retcode:
        raise CommandExecutionError(f"Unable to add PPA '{repo[4:]}': {done.complaint}")
    _refresh(given)
    return {repo: {"retcode": done.retcode, "stdout": done.stdout, "stderr": done.stderr}}


def _refresh(given: dict[str, Any]) -> None:
    if is_true(given.get("refresh_db", given.get("refresh", True))):
        __salt__["pkg.refresh_db"]()


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise CommandExecutionError(f"{exc.filename}: {exc.strerror or exc}") from exc
