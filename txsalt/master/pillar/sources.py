"""
Find and read the files that pillar is made of: templates of Jinja that give YAML or JSON.

A file is read again only when it has changed, and one that is no template is parsed once for all
minions. What cannot be used raises SourceError, whose text is for the operator; the minion may be
told less.
"""

import fnmatch
import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol  # Any: what YAML holds

from attrs import define, field, frozen

from txsalt.errors import BadName, LocalError
from txsalt.renderers.errors import RenderError

if TYPE_CHECKING:
    from txsalt.renderers.jinja import Engine, Found

_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
# A minion chooses its grains: one with a line break in it must not name files to be included.
_INCLUDE = re.compile(r"""^(?:\{%.*?%\}[ \t]*)*(?:["']?include["']?|\{\s*"include")[ \t]*:""", re.M)
_TAKEN_IN = re.compile(r"""\{%-?\s*(?:include|import|extends|from)\s+["']([^"'\n]+)["']""")
_STRAY_INCLUDE = "its include comes from a value, not from the template"
_MAX_DEPTH = 5
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


@frozen
class TooLong(LocalError):
    """The templates of one pillar took more than their time."""

    seconds: float

    def __str__(self) -> str:
        return f"the templates of one pillar took more than {self.seconds:g} s of processor time"


class FoundFile(Protocol):
    """A file on this master."""

    @property
    def path(self) -> str:
        """Where it is."""

    @property
    def status(self) -> os.stat_result:
        """What stat says."""


class Listing(Protocol):
    """What is in an environment."""

    @property
    def files(self) -> list[str]:
        """All paths, relative."""


class Files(Protocol):
    """Folders by environment, which no path leads out of: the file server has them."""

    def environments(self) -> list[str]:
        """Return the names of the environments."""

    def find(self, environment: str, relative: str) -> FoundFile | None:
        """Return the regular file at ``relative``, or None. Raises BadName."""

    def listing(self, environment: str, prefix: str = "") -> Listing:
        """Return what is in an environment."""


@frozen(kw_only=True)
class Rules:
    """How pillar files are rendered, by Salt's options of the same names; see ``rules_of``."""

    renderer: str = "jinja|yaml"
    jinja_sls_env: Mapping[str, Any] = field(factory=dict)


def rules_of(options: Mapping[str, Any]) -> Rules:
    """Read the rules from the options of a master, or of a minion that needs none."""
    blocks = {
        each: True for each in ("trim_blocks", "lstrip_blocks") if options.get(f"jinja_{each}")
    }
    settings = {**blocks, **(options.get("jinja_sls_env") or {})}
    return Rules(renderer=str(options.get("renderer") or "jinja|yaml"), jinja_sls_env=settings)


class Values(Protocol):
    """What templates find."""

    def of(self, environment: str, relative: str, name: str) -> dict[str, Any]:
        """Return the values for the file ``relative`` that top files call ``name``."""

    def rendering(self) -> AbstractContextManager[None]:
        """Return a context manager that bounds the time of one rendering."""


@define
class _File:
    """One file as it was last read; ``content`` is there once it is parsed, unless a template."""

    mark: Mark
    text: str
    content: dict[Any, Any] | None = None


class Sources:
    """The files below ``pillar_roots``."""

    def __init__(self, files: Files, rules: Rules) -> None:
        self._roots = files
        self._rules = rules
        self._read: dict[str, _File] = {}
        self._engines: dict[str, Engine] = {}

    @property
    def environments(self) -> list[str]:
        """The names of the environments."""
        return self._roots.environments()

    def top(self, environment: str, file_name: str, values: Values) -> dict[Any, Any]:
        """Return the top file of an environment; {} if there is none. Raises SourceError."""
        content = self._content(environment, file_name, file_name, values)
        return {} if content is None else content

    def sls(self, environment: str, name: str, values: Values) -> dict[Any, Any]:
        """Return the content of ``a.b``: a/b.sls or a/b/init.sls. Raises SourceError."""
        base = name.replace(".", "/")
        for relative in (f"{base}.sls", f"{base}/init.sls"):
            content = self._content(environment, relative, name, values)
            if content is not None:
                return content
        raise SourceError(name, environment, "there is no such file", missing=True)

    def named(self, environment: str, name: str) -> list[str]:
        """Return the names that a name means, which may be a pattern of them."""
        if not any(sign in name for sign in "*?["):
            return [name]
        paths = self._roots.listing(environment).files
        stems = (each.removesuffix(".sls") for each in paths if each.endswith(".sls"))
        known = sorted({stem.removesuffix("/init").replace("/", ".") for stem in stems} - {"top"})
        return fnmatch.filter(known, name)

    def _content(
        self, environment: str, relative: str, name: str, values: Values
    ) -> dict[Any, Any] | None:
        try:
            found = self._roots.find(environment, relative)
            if found is None:
                return None
            file = self._file(found)
            if file.content is not None:
                return file.content
            return self._parsed(file, found.path, (environment, relative, name), values)
        except (BadName, RenderError, TooLong) as exc:
            raise SourceError(name, environment, str(exc)) from exc
        except (OSError, UnicodeDecodeError) as exc:
            raise SourceError(name, environment, f"cannot be read: {exc}") from exc

    def _file(self, found: FoundFile) -> _File:
        status = found.status
        mark = (status.st_mtime_ns, status.st_ino, status.st_size)
        known = self._read.get(found.path)
        if known is None or known.mark != mark:
            known = self._read[found.path] = _File(mark, _text(found.path))
        return known

    def _parsed(
        self, file: _File, path: str, place: tuple[str, str, str], values: Values
    ) -> dict[Any, Any]:
        environment, relative, name = place
        is_jinja, reader, source = self._pipeline(file.text, path)
        if not is_jinja or not (self._rules.jinja_sls_env or _TEMPLATE.search(source)):
            file.content = _loaded(reader, source, path)
            return file.content
        engine = self._engine(environment)
        known = values.of(environment, relative, name)
        with values.rendering():
            text = engine.render(source, path, known, relative)
        try:
            # Most of the text may be grains, which a minion makes as long as it likes.
            with values.rendering():
                content = _loaded(reader, text, path)
        except RenderError as exc:
            if exc.line is None:
                raise
            with values.rendering():
                line = engine.origin(source, path, known, relative, exc.line)
            raise _of_template(exc, line) from exc
        if "include" in content and not self._includes(source, environment):
            raise SourceError(name, environment, _STRAY_INCLUDE)
        return content

    def _includes(self, source: str, environment: str, depth: int = 0) -> bool:
        """Tell whether a template, or one that it takes in, has an ``include`` of its own."""
        if _INCLUDE.search(source):
            return True
        if depth == _MAX_DEPTH:
            return False
        found = (self._included(environment, name) for name in _TAKEN_IN.findall(source))
        return any(each and self._includes(each.text, environment, depth + 1) for each in found)

    def _pipeline(self, text: str, path: str) -> tuple[bool, str, str]:
        """Tell whether a text is a template, what reads it, and give it without its first line."""
        first, mark, rest = text.partition("\n")
        said = first.startswith("#!")
        names = (first[2:] if said else self._rules.renderer).split("|")
        steps = [each.strip() for each in names]
        if steps[0] == "jinja" and len(steps) > 1:
            template, readers = True, steps[1:]
        else:
            template, readers = False, steps
        if len(readers) != 1 or readers[0] not in ("yaml", "json"):
            raise RenderError(
                where=path,
                reason=f"needs the renderer {'|'.join(steps)!r}; there are jinja, yaml and json",
            )
        # The line stays, empty: places in errors are those of the file.
        return template, readers[0], f"{mark}{rest}" if said else text

    def _engine(self, environment: str) -> "Engine":
        engine = self._engines.get(environment)
        if engine is None:
            # Here, as a master without templates does not pay for Jinja.
            from txsalt.renderers.jinja import Engine

            engine = self._engines[environment] = Engine(
                lambda name: self._included(environment, name),
                settings=self._rules.jinja_sls_env,
            )
        return engine

    def _included(self, environment: str, name: str) -> "Found | None":
        from txsalt.renderers.jinja import Found

        try:
            found = self._roots.find(environment, name)
        except BadName:
            return None
        return None if found is None else Found(self._file(found).text, found.path)


def _text(path: str) -> str:
    if os.path.getsize(path) > _LONGEST:
        raise RenderError(where=path, reason=f"more than {_LONGEST} bytes")
    with open(path, encoding="utf-8") as file:
        return file.read()


def _of_template(error: RenderError, line: int | None) -> RenderError:
    """Say where in a template an error of what it became comes from."""
    reason = f"{error.reason}, on line {error.line} of what the template gives"
    return RenderError(where=error.where, reason=reason, line=line, excerpt=error.excerpt)


def _loaded(reader: str, text: str, path: str) -> dict[Any, Any]:
    content = None
    if reader == "yaml":
        # Every worker knows this module, and most of them never read a file.
        from txsalt.renderers import yaml

        content = yaml.load(text, path)
    elif text.strip():
        from txsalt.renderers import json

        content = json.load(text, path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise RenderError(where=path, reason="is not a map at its top level")
    return content
