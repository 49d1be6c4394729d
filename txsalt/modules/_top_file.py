"""
Which environments the top files of states mean for this minion.

Top files stand in each environment of the master. How they are merged, what they are called and in
which order environments come is the master's word. A target of theirs is compound unless it says
otherwise. Templates are filled in as those of all files.

Source: Salt 3008.3, state.py get_tops, merge_tops, top_matches; modules/saltutil.py.
"""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from typing import Any  # top files hold any value

from attrs import frozen

from txsalt.errors import BadTarget
from txsalt.jobs.errors import CommandExecutionError
from txsalt.renderers import yaml
from txsalt.renderers.errors import RenderError
from txsalt.targeting import nodegroups
from txsalt.targeting.facts import Facts
from txsalt.targeting.matches_me import matches

Top = dict[str, Any]  # an environment → targets → what they get

_RENDERERS = {"jinja", "yaml", "json"}


@frozen(kw_only=True)
class TopFiles:
    """The question; ``settings`` are the master's, ``functions`` is ``__salt__``."""

    functions: Mapping[str, Any]
    settings: Mapping[str, Any]
    saltenv: str | None
    facts: Facts

    def environments(self) -> list[str]:
        """
        Give the environments with anything for this minion, in order; base if there are none.

        Raises CommandExecutionError for a top file that cannot be read.
        """
        if self.saltenv:
            wanted = [self.saltenv]
        else:
            wanted = self._known(str(self.settings.get("state_top_saltenv") or ""))
        merged = self._merged({each: self._tops(each) for each in wanted})
        meant: list[str] = []
        for saltenv in merged if not self.saltenv else {self.saltenv} & merged.keys():
            for targets in merged[saltenv]:
                for target, entries in targets.items():
                    meant += self._meant(saltenv, target, entries)
        return list(dict.fromkeys(meant)) or ["base"]

    def _known(self, only: str) -> list[str]:
        if only:
            return [only]
        listed = self.functions["cp.envs"]()
        found = list(dict.fromkeys(["base", *listed]))
        order = [each for each in self.settings.get("env_order") or () if each in found]
        return [*order, *(each for each in found if each not in order)]

    def _tops(self, saltenv: str) -> list[Top]:
        name = str(self.settings.get("state_top") or "top.sls").removeprefix("salt://")
        waiting, done, tops = [name], set(), []
        while waiting:
            name = waiting.pop(0)
            if name in done:
                continue
            done.add(name)
            top = self._read(name, saltenv)
            tops.append({each: top[each] for each in top if each != "include"})
            waiting += self._included(top.get("include") or (), saltenv)
        return tops

    def _included(self, patterns: Iterable[object], saltenv: str) -> Iterator[str]:
        paths = [] if not patterns else self.functions["cp.list_master"](saltenv)
        known = {
            path.removesuffix(".sls").removesuffix("/init").replace("/", "."): path
            for path in paths
            if path.endswith(".sls")
        }
        for pattern in patterns:
            yield from (known[each] for each in fnmatch.filter(known, str(pattern)))

    def _read(self, name: str, saltenv: str) -> Top:
        url = f"salt://{name}"
        place = self.functions["cp.cache_file"](url, saltenv)
        if not place:
            return {}
        try:
            with open(place, encoding="utf-8") as file:
                first = file.readline()
            words = set(first[2:].strip().split("|")) if first.startswith("#!") else {"jinja"}
            if words - _RENDERERS:
                raise CommandExecutionError(
                    f"{url}: there is no renderer {min(words - _RENDERERS)}"
                )
            if "jinja" in words:
                place = self.functions["cp.get_template"](url, "", saltenv=saltenv)
            with open(place, encoding="utf-8") as file:
                top = yaml.load(file.read(), url)
        except (OSError, UnicodeDecodeError, RenderError) as exc:
            raise CommandExecutionError(f"a top file cannot be read: {exc}") from exc
        if not isinstance(top, dict | None):
            raise CommandExecutionError(f"a top file cannot be read: {url} is no map")
        return {str(key): value for key, value in (top or {}).items()}

    def _merged(self, tops: dict[str, list[Top]]) -> dict[str, list[Top]]:
        """Give, for each environment, the maps of targets that count."""
        strategy = self.settings.get("top_file_merging_strategy")
        default = tops.get(str(self.settings.get("default_top") or "base"), [])
        merged: dict[str, list[Top]] = {}
        base = [] if strategy in ("same", "merge_all") else tops.get("base", [])
        for own in base:
            for saltenv, targets in own.items():
                merged.setdefault(saltenv, []).append(_map(targets, saltenv))
        authority = set(merged)  # what base says of an environment, others cannot change
        for current, each in tops.items():
            sources = each if strategy != "same" or any(each) else default
            for own in sources:
                for saltenv, targets in own.items():
                    if strategy != "merge_all" and (saltenv != current or saltenv in authority):
                        continue
                    merged.setdefault(saltenv, []).append(_map(targets, saltenv))
        return merged

    def _meant(self, saltenv: str, target: str, entries: object) -> list[str]:
        """Give the environments that a target means: its own, and those that entries name."""
        listed = entries if isinstance(entries, list) else [entries]
        maps = [each for each in listed if isinstance(each, dict) and each]
        kinds = [str(each["match"]) for each in maps if "match" in each]
        if not self._matches(target, kinds[-1] if kinds else "compound"):
            return []
        others = [str(next(reversed(each))) for each in maps if "match" not in each]
        known = set(self.functions["cp.envs"]()) if others else set()
        return [saltenv, *(each for each in others if each in known)]

    def _matches(self, target: str, kind: str) -> bool:
        groups = self.settings.get("nodegroups") or {}
        try:
            if kind == "nodegroup":
                target, kind = nodegroups.resolve(f"N@{target}", groups), "compound"
            elif kind == "compound":
                target = nodegroups.resolve(target, groups)
        except BadTarget as exc:
            raise CommandExecutionError(f"a top file cannot be read: {exc}") from exc
        return matches(target, kind, self.facts)


def _map(targets: object, saltenv: str) -> Top:
    if not isinstance(targets, dict):
        raise CommandExecutionError(f"a top file cannot be read: {saltenv} has no map of targets")
    return {str(target): entries for target, entries in targets.items()}
