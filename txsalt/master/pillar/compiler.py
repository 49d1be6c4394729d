"""
Compile the pillar of one minion: top files say which sls files it gets, these are joined.

Errors do not stop it: they go to the list ``_errors`` inside the pillar, and minions refuse to run
states then.

Source: PROTOCOL section 9.2.
"""

import logging
from typing import Any  # pillar holds any value that YAML knows

from attrs import field, frozen

from txsalt.errors import BadTarget
from txsalt.master.pillar.merge import merged, overwritten
from txsalt.master.pillar.order import PillarOptions, PillarOrder
from txsalt.master.pillar.sources import Files, SourceError, Sources
from txsalt.master.pillar.values import PillarValues
from txsalt.targeting import nodegroups
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import matches

log = logging.getLogger(__name__)

TOP_FILE = "top.sls"
ERRORS = "_errors"
_MAX_INCLUDES = 32


class Pillar:
    """Compiles the pillars of one master."""

    def __init__(self, options: PillarOptions, files: Files) -> None:
        """``files`` are those below ``pillar_roots``."""
        self._options = options
        self._sources = Sources(files, options.rules)

    def compile(self, order: PillarOrder) -> dict[Any, Any]:
        """Return the pillar of the minion that ``order`` names."""
        return _Compilation(self._options, self._sources, order).run()


class _Compilation:
    def __init__(self, options: PillarOptions, sources: Sources, order: PillarOrder) -> None:
        self._options = options
        self._sources = sources
        self._order = order
        self._facts = Facts(order.minion_id, order.grains)
        self._errors: list[str] = []
        self._values = PillarValues(options, order)

    def run(self) -> dict[Any, Any]:
        pillar: dict[Any, Any] = {}
        for environment, names in self._wanted().items():
            of_environment: dict[Any, Any] = {}
            done: set[str] = set()
            for name in names:
                content = self._render(environment, name, done, ())
                of_environment = merged(of_environment, content, join_lists=self._join_lists)
            pillar = self._over(pillar, of_environment)
        pillar = merged(pillar, self._order.override, join_lists=False)
        if self._errors:
            pillar[ERRORS] = self._errors
        return pillar

    @property
    def _join_lists(self) -> bool:
        return self._options.merge_lists

    def _over(self, pillar: dict[Any, Any], more: dict[Any, Any]) -> dict[Any, Any]:
        if self._options.overwrite:
            return overwritten(pillar, more)
        result: dict[Any, Any] = merged(pillar, more, join_lists=self._join_lists)
        return result

    def _environments(self) -> list[str]:
        wanted = self._order.pillarenv or self._options.pillarenv
        return [each for each in self._sources.environments if wanted is None or each == wanted]

    def _wanted(self) -> dict[str, list[str]]:
        """Return the names of sls files by environment, each once, in the order of top files."""
        environments = self._environments()
        wanted: dict[str, list[str]] = {}
        for place in environments:
            try:
                top = self._sources.top(place, TOP_FILE, self._values)
            except SourceError as exc:
                self._fail(exc)
                continue
            for environment, targets in top.items():
                if environment in environments and isinstance(targets, dict):
                    names = wanted.setdefault(environment, [])
                    for chosen in self._chosen(targets):
                        meant = self._sources.named(environment, chosen)
                        names += [each for each in meant if each not in names]
        return wanted

    def _chosen(self, targets: dict[Any, Any]) -> list[str]:
        chosen: list[str] = []
        for target, entries in targets.items():
            listed = entries if isinstance(entries, list) else [entries]
            kinds = [each["match"] for each in listed if isinstance(each, dict) and "match" in each]
            if self._matches(str(target), str(kinds[0]) if kinds else "glob"):
                chosen += [each for each in listed if isinstance(each, str)]
        return chosen

    def _matches(self, target: str, kind: str) -> bool:
        groups = self._options.nodegroups
        try:
            if kind == "nodegroup":
                target, kind = nodegroups.resolve(f"N@{target}", groups), "compound"
            elif kind == "compound":
                target = nodegroups.resolve(target, groups)
        except BadTarget as exc:
            self._errors.append(f"Pillar top file: {exc}")
            return False
        return matches(target, kind, self._facts)

    def _render(
        self, environment: str, name: str, done: set[str], above: tuple[str, ...]
    ) -> dict[Any, Any]:
        if name in done:
            return {}
        done.add(name)
        try:
            content = dict(self._sources.sls(environment, name, self._values))
        except SourceError as exc:
            self._fail(exc)
            return {}
        includes = content.pop("include", None)
        if includes is None:
            return content
        return self._with_includes(content, includes, environment, done, (*above, name))

    def _with_includes(
        self,
        content: dict[Any, Any],
        includes: Any,
        environment: str,
        done: set[str],
        above: tuple[str, ...],
    ) -> dict[Any, Any]:
        if not isinstance(includes, list) or len(above) > _MAX_INCLUDES:
            self._fail(SourceError(above[-1], environment, "include is no list, or goes too deep"))
            return content
        included: dict[Any, Any] = {}
        for entry in includes:
            wanted = _include(entry)
            name = wanted.name
            if name.startswith("."):
                name = _relative(name, above[-1])
            for each in self._sources.named(environment, name):
                part = self._included(environment, each, done, above, wanted)
                included = merged(included, part, join_lists=self._join_lists)
        below, over = (content, included) if self._options.includes_win else (included, content)
        result: dict[Any, Any] = merged(below, over, join_lists=self._join_lists)
        return result

    def _included(
        self,
        environment: str,
        name: str,
        done: set[str],
        above: tuple[str, ...],
        wanted: "_Include",
    ) -> dict[Any, Any]:
        outer = self._values.defaults
        self._values.defaults = {**outer, **wanted.defaults}
        try:
            part = self._render(environment, name, done, above)
        finally:
            self._values.defaults = outer
        for step in reversed(wanted.key.split(":")) if wanted.key else ():
            part = {step: part}
        return part

    def _fail(self, error: SourceError) -> None:
        log.error("%s: %s", self._order.minion_id, error)
        if error.missing or not self._options.hide_errors:
            self._errors.append(str(error))
        else:
            # A syntax error quotes the file, which may hold secrets of other minions.
            self._errors.append(
                f"pillar {error.name!r} in environment {error.environment!r} could not be read;"
                " the log of the master says why"
            )


@frozen
class _Include:
    """One entry of ``include``: ``defaults`` are for its templates, ``key`` is where it goes."""

    name: str
    key: str = ""
    defaults: dict[str, Any] = field(factory=dict)


def _include(entry: Any) -> _Include:
    """Read ``name`` or ``{name: {key: a:b, defaults: {…}}}``."""
    if not isinstance(entry, dict) or len(entry) != 1:
        return _Include(str(entry))
    ((name, settings),) = entry.items()
    given = settings if isinstance(settings, dict) else {}
    key, defaults = given.get("key"), given.get("defaults")
    return _Include(
        str(name),
        key if isinstance(key, str) else "",
        defaults if isinstance(defaults, dict) else {},
    )


def _relative(name: str, includer: str) -> str:
    """Resolve ``.b`` included by ``a.c`` to ``a.b``; each further dot goes one folder up."""
    dots = len(name) - len(name.lstrip("."))
    parts = includer.split(".")[: -dots or None]
    return ".".join([*parts, name.lstrip(".")])
