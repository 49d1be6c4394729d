"""
Read the files that name the repositories of a Debian system, of both forms.

Source: sources.list(5); the shape of entries is that of Salt 3008.3, modules/aptpkg.py list_repos.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any  # entries hold text, lists and booleans

from txsalt.modules._apt import read_stanzas

Repo = dict[str, Any]


def repositories(folder: str = "/etc/apt") -> dict[str, list[Repo]]:
    """Give the repositories by address, one entry for each suite and type."""
    base = Path(folder)
    paths = [base / "sources.list", *sorted((base / "sources.list.d").glob("*"))]
    found: dict[str, list[Repo]] = {}
    for path in paths:
        read = {".list": _lines, ".sources": _stanzas}.get(path.suffix)
        if read is not None and path.is_file():
            for repo in read(path):
                found.setdefault(repo["uri"], []).append(repo)
    return found


def _lines(path: Path) -> Iterator[Repo]:
    for line in path.read_text(errors="replace").splitlines():
        match = re.match(
            r"\s*(#+\s*)?(deb|deb-src)\s+(?:\[([^]]*)\]\s+)?(\S+:\S*)\s+(\S+)\s*([^#]*)", line
        )
        if match is None:
            continue
        off, kind, text, uri, suite, comps = match.groups()
        options = dict(each.split("=", 1) for each in (text or "").split() if "=" in each)
        yield _repo(
            file=str(path),
            comps=comps.split(),
            disabled=bool(off),
            suites=[suite],
            dist=suite,
            types=[kind],
            type=kind,
            uris=[uri],
            uri=uri,
            line=line.strip(),
            architectures=[each for each in options.get("arch", "").split(",") if each],
            signedby=options.get("signed-by", ""),
        )


def _stanzas(path: Path) -> Iterator[Repo]:
    for stanza in read_stanzas(path.read_text(errors="replace")):
        words = {key.lower(): value.split() for key, value in stanza.items()}
        fields: Repo = {
            "file": str(path),
            "comps": words.get("components", []),
            "disabled": stanza.get("Enabled", "yes").lower() in ("no", "false", "0"),
            "suites": words.get("suites", []),
            "types": words.get("types", []),
            "uris": words.get("uris", []),
            "architectures": words.get("architectures", []),
            "signedby": stanza.get("Signed-By", ""),
        }
        for uri in fields["uris"]:
            for suite in fields["suites"]:
                for kind in fields["types"]:
                    line = _one_line(kind, uri, suite, fields)
                    yield _repo(**fields, uri=uri, dist=suite, type=kind, line=line)


def _one_line(kind: str, uri: str, suite: str, fields: Repo) -> str:
    options = [f"arch={','.join(fields['architectures'])}"] if fields["architectures"] else []
    options += [f"signed-by={fields['signedby']}"] if fields["signedby"] else []
    shown = f"[{' '.join(options)}] " if options else ""
    off = "# " if fields["disabled"] else ""
    return f"{off}{kind} {shown}{uri} {suite} {' '.join(fields['comps'])}".strip()


def _repo(**fields: Any) -> Repo:
    return {**fields, "enabled": not fields["disabled"]}
