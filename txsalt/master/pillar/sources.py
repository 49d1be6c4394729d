"""
Find and read the files that pillar is made of: YAML without templates.

A file is read again only when it has changed. What cannot be used raises SourceError, whose text
is for the operator; the minion may be told less.
"""

import os
import re
from typing import Any, Protocol  # Any: what YAML holds

from attrs import frozen

from txsalt.errors import BadName, LocalError
from txsalt.renderers import yaml
from txsalt.renderers.errors import RenderError

_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_RENDERERS = frozenset(["yaml", "jinja|yaml", "jinja | yaml"])
_LONGEST = 16 * 1024 * 1024  # bytes of one file

Mark = tuple[int, int, int]


@frozen
class SourceError(LocalError):
    """A pillar file that is missing or cannot be used. ``name`` is what top files call it."""

    name: str
    environment: str
    reason: str
    missing: bool = False

    def __str__(self) -> str:
        return f"pillar {self.name!r} in environment {self.environment!r}: {self.reason}"


class FoundFile(Protocol):
    """A file on this master."""

    @property
    def path(self) -> str:
        """Where it is."""

    @property
    def status(self) -> os.stat_result:
        """What stat says."""


class Files(Protocol):
    """Folders by environment, which no path leads out of: the file server has them."""

    def environments(self) -> list[str]:
        """Return the names of the environments."""

    def find(self, environment: str, relative: str) -> FoundFile | None:
        """Return the regular file at ``relative``, or None. Raises BadName."""


class Sources:
    """The files below ``pillar_roots``."""

    def __init__(self, files: Files) -> None:
        self._roots = files
        self._parsed: dict[str, tuple[Mark, Any]] = {}

    @property
    def environments(self) -> list[str]:
        """The names of the environments."""
        return self._roots.environments()

    def top(self, environment: str, file_name: str) -> dict[Any, Any]:
        """Return the top file of an environment; {} if there is none. Raises SourceError."""
        content = self._read(environment, file_name, file_name)
        return {} if content is None else content

    def sls(self, environment: str, name: str) -> dict[Any, Any]:
        """Return the content of ``a.b``: a/b.sls or a/b/init.sls. Raises SourceError."""
        base = name.replace(".", "/")
        for relative in (f"{base}.sls", f"{base}/init.sls"):
            content = self._read(environment, relative, name)
            if content is not None:
                return content
        raise SourceError(name, environment, "there is no such file", missing=True)

    def _read(self, environment: str, relative: str, name: str) -> dict[Any, Any] | None:
        try:
            found = self._roots.find(environment, relative)
        except BadName as exc:
            raise SourceError(name, environment, str(exc)) from exc
        if found is None:
            return None
        status = found.status
        mark = (status.st_mtime_ns, status.st_ino, status.st_size)
        known = self._parsed.get(found.path)
        if known is None or known[0] != mark:
            known = (mark, _parse(found.path, name, environment))
            self._parsed[found.path] = known
        content: dict[Any, Any] = known[1]
        return content


def _parse(path: str, name: str, environment: str) -> dict[Any, Any]:
    try:
        if os.path.getsize(path) > _LONGEST:
            raise SourceError(name, environment, f"more than {_LONGEST} bytes")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        _refuse_templates(text, name, environment)
        content = yaml.load(text, path)
    except RenderError as exc:
        raise SourceError(name, environment, str(exc)) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise SourceError(name, environment, f"cannot be read: {exc}") from exc
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SourceError(name, environment, "is not a map at its top level")
    return content


def _refuse_templates(text: str, name: str, environment: str) -> None:
    first = text.partition("\n")[0].strip()
    if first.startswith("#!") and first[2:].strip() not in _RENDERERS:
        raise SourceError(name, environment, f"needs the renderer {first[2:].strip()!r}")
    if _TEMPLATE.search(text):
        raise SourceError(
            name, environment, "holds a template, and templates in pillar come in a later release"
        )
