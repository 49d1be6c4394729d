"""
The scheduled jobs of this minion: its own, which can be changed and kept, and those of the pillar.

A job of its own hides one of the same name in the pillar. A job that cannot be understood is told
once and left out.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any  # jobs are free maps

from twisted.logger import Logger

from txsalt.config.schedule_file import read_schedule, write_schedule
from txsalt.errors import LocalError
from txsalt.schedule.entry import SHARED, Entry, read_entry
from txsalt.schedule.errors import BadEntry

Jobs = dict[str, Any]


class ScheduleBook:
    """``entries`` are the jobs as they count now, by name."""

    log = Logger()

    def __init__(self, own: Mapping[str, Any], path: str, changed: Callable[[], None]) -> None:
        """``own`` are those of the configuration, ``path`` the file that keeps changes of them."""
        self._configured = dict(own)
        self._own: Jobs = deepcopy(dict(own))
        self._path = path
        self._changed = changed
        self._pillar: Jobs = {}
        self._whens: Jobs = {}
        self._told: dict[str, str] = {}
        self.entries: dict[str, Entry] = {}
        self._read()

    @property
    def is_enabled(self) -> bool:
        """Whether any job runs at all."""
        return bool(self.listed().get("enabled", True))

    @property
    def skip_function(self) -> str:
        """What runs in place of a job that a range keeps off; "" for nothing."""
        return str(self.listed().get("skip_function") or "")

    def listed(self, where: str | None = None) -> Jobs:
        """Return the map of jobs as it was written: of "pillar", of "opts", or both."""
        pillar = self._pillar if where != "opts" else {}
        own = self._own if where != "pillar" else {}
        return {**pillar, **own}

    def use_facts(self, grains: Mapping[str, Any], pillar: Mapping[str, Any]) -> None:
        """Take the jobs of a new pillar, and the names of times that ``whens`` holds."""
        jobs = pillar.get("schedule")
        whens: Jobs = {}
        for facts in (grains, pillar):
            whens |= facts["whens"] if isinstance(facts.get("whens"), dict) else {}
        jobs = jobs if isinstance(jobs, dict) else {}
        if (jobs, whens) != (self._pillar, self._whens):
            self._pillar, self._whens = deepcopy(jobs), whens
            self._renew()

    def put(self, name: str, options: Jobs, *, persist: bool, is_new: bool) -> None:
        """Add or change a job of our own. Raises BadEntry; OSError if it cannot be kept."""
        if is_new and name in self.listed():
            raise BadEntry(name, "there is such a job already")
        if not is_new:
            self._own_job(name)
        if name in SHARED or not name:
            raise BadEntry(name, "this is no name for a job")
        read_entry(name, options, self.listed(), self._whens)
        self._own[name] = {"enabled": True, **options}
        self._renew(persist=persist)

    def delete(self, name: str, *, persist: bool) -> None:
        """Remove a job of our own. Raises BadEntry; OSError if that cannot be kept."""
        self._own_job(name)
        del self._own[name]
        self._renew(persist=persist)

    def enable(self, name: str, enabled: bool, *, persist: bool) -> None:
        """Switch a job of our own on or off; an empty name means all jobs. Raises as ``put``."""
        if name:
            self._own[name] = {**self._own_job(name), "enabled": enabled}
        else:
            self._own["enabled"] = enabled
        self._renew(persist=persist)

    def save(self) -> None:
        """Keep our own jobs. Raises OSError and LocalError."""
        write_schedule(self._path, self._own)

    def reload(self) -> None:
        """Forget changes that were not kept. Raises OSError and LocalError."""
        kept = read_schedule(self._path)
        self._own = deepcopy(self._configured) if kept is None else kept
        self._renew()

    def _own_job(self, name: str) -> Jobs:
        options = self._own.get(name)
        if name not in SHARED and isinstance(options, dict):
            return options
        if name in self._pillar:
            raise BadEntry(name, "it is in the pillar, and can only be changed there")
        raise BadEntry(name, "there is no such job")

    def _renew(self, *, persist: bool = False) -> None:
        self._read()
        self._changed()
        if persist:
            self.save()

    def _read(self) -> None:
        jobs = self.listed()
        self.entries = {}
        troubles: dict[str, str] = {}
        for name, options in jobs.items():
            if name in SHARED:
                continue
            try:
                self.entries[str(name)] = read_entry(str(name), options, jobs, self._whens)
            except LocalError as exc:
                troubles[name] = str(exc)
        for name, text in troubles.items():
            if self._told.get(name) != text:
                self.log.error("{text}; it is left out", text=text)
        self._told = troubles
