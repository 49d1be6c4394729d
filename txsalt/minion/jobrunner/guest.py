"""
Salt's own library as guest: run its execution modules, and those of saltexts, inside a job.

Where the ``salt`` package is installed beside txsalt, a function that txsalt does not have is
looked for in Salt's loader. Salt is imported when the first such function is asked for, in the
process of that job, and never in the daemon or the zygote.

What Salt gets: its default options with ours laid over them, our grains and pillar, a cache folder
of its own, and no keys: no job opens a connection to the master. So ``file_client`` is local, and
what reaches the master (files, events, mine, peer calls) is done by txsalt's own functions, which
ask the daemon: they replace Salt's of the same names for modules of Salt's, too.

Source: Salt 3008.3, loader/__init__.py minion_mods.
"""

import copy
import functools
import importlib
import logging
import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any  # functions and options of Salt's hold values of any type

from txsalt.loader.functions import Functions
from txsalt.loader.opts import make_opts

log = logging.getLogger(__name__)

MODES = ("auto", "off", "prefer")

# Modules whose work is the daemon's: Salt's would sign in at the master by themselves.
OURS = frozenset({"cp", "event", "mine", "publish", "pillar", "saltutil", "schedule", "sys"})

# Salt's own look into their folder, find no job there, and let Salt's states run; with ours each
# would meet the job that it is.
_ABOUT_JOBS = ("saltutil.find_job", "saltutil.running", "saltutil.is_running")

Function = Callable[..., Any]


@functools.cache
def is_installed() -> bool:
    """Tell whether the salt package can be imported, without importing it."""
    return find_spec("salt") is not None


class SaltGuest:
    """Salt's execution modules; see ``loader.functions.Guest`` for the methods."""

    def __init__(
        self,
        config: Mapping[str, Any],
        grains: Mapping[str, Any],
        pillar: Mapping[str, Any],
        shared: dict[str, Any],
        native: Callable[[], Functions],
    ) -> None:
        """``shared`` is the job's ``__context__``; ``native`` gives txsalt's own functions."""
        self._config = config
        self._grains = grains
        self._pillar = pillar
        self._shared = shared
        self._native = native
        self._loader: Any = None

    @property
    def preferred(self) -> bool:
        """Whether the option salt_modules asks for Salt's functions before ours."""
        return self._config.get("salt_modules") == "prefer"

    def get(self, name: str) -> Function | None:
        """Give a function of Salt's; None for those that are the daemon's work."""
        if name.partition(".")[0] in OURS or "." not in name:
            return None
        loader = self._load()
        if loader is None or name not in loader:
            return None
        function: Function = loader[name]
        return function

    def names(self) -> list[str]:
        """List Salt's functions; imports all its modules, which takes seconds."""
        loader = self._load()
        return [] if loader is None else [x for x in loader if x.partition(".")[0] not in OURS]

    def outputter(self, name: str) -> str | None:
        """Name the outputter that a module of Salt's wishes."""
        how = getattr(self.get(name), "__outputter__", None)
        return how if isinstance(how, str) else None

    def missing_reason(self, name: str) -> str:
        """Say why Salt's loader does not offer a module."""
        if self._loader is None:
            return ""
        reason = self._loader.missing_modules.get(name.partition(".")[0])
        return f"'{name.partition('.')[0]}' of the salt package: {reason}" if reason else ""

    def _load(self) -> Any:
        if self._loader is None:
            # A broken installation of Salt must not take our own functions with it.
            try:
                self._loader = self._made()
            except Exception:
                log.warning("the salt package cannot be used", exc_info=True)
                self._loader = {}
        return self._loader or None

    def _made(self) -> Any:
        loader = importlib.import_module("salt.loader")
        opts = guest_options(self._config, self._grains, self._pillar)
        utils = loader.utils(opts, context=self._shared)
        functions = loader.minion_mods(opts, context=self._shared, utils=utils)
        inner = functions.pack["__salt__"]
        native = self._native()
        for module in OURS:
            for name in native.names_of(module):
                if name not in _ABOUT_JOBS:
                    inner[name] = native[name]
        return functions


def guest_options(
    config: Mapping[str, Any], grains: Mapping[str, Any], pillar: Mapping[str, Any]
) -> dict[str, Any]:
    """Make ``__opts__`` for modules of Salt's from the options of this minion."""
    salt_config = importlib.import_module("salt.config")
    place = os.path.join(str(config.get("cachedir") or "/var/cache/txsalt/minion"), "salt")
    opts: dict[str, Any] = copy.deepcopy(salt_config.DEFAULT_MINION_OPTS)
    ours = make_opts(config, dict(grains), dict(pillar))
    opts.update({name: value for name, value in ours.items() if value is not None})
    opts.update(
        cachedir=place,
        pki_dir=os.path.join(place, "pki"),  # empty: jobs hold no keys
        # No kind of Salt's: code that would sign in, with a new key under this id, fails.
        transport="none",
        file_client="local",
        file_roots=_cached_roots(config),
        log_file=os.devnull,
    )
    return opts


def _cached_roots(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Name the folders where files of the master are cached, by environment."""
    files = os.path.join(str(config.get("cachedir") or ""), "files")
    try:
        environments = sorted(os.listdir(files))
    except OSError:
        environments = []
    return {each: [os.path.join(files, each)] for each in {"base", *environments}}
