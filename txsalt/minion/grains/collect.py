"""
Collect the grains: every source in a thread of its own, with a limit of time.

A source that raises or hangs is named in the log and left out; the others stand. Over these are
laid the grains of the user's own modules, then static ones: the file ``{config_dir}/grains``, and
the option ``grains``. Blocks for as long as the slowest source, at most LIMIT, and as long again
for the user's modules; the daemon runs it in a child process.

Source: Salt 3008.3, grains/core.py, loader grains().
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any  # grains hold values of any type

from txsalt.minion.grains import (
    cache,
    custom,
    distribution,
    firmware,
    machine,
    names,
    network,
    process,
    static,
    versions,
    virtual,
)

log = logging.getLogger(__name__)

Source = Callable[[Mapping[str, Any]], dict[str, Any]]

LIMIT = 10.0  # seconds

# Later ones win where two give the same grain.
SOURCES: dict[str, Source] = {
    "kernel": machine.kernel,
    "processor": machine.processor,
    "memory": machine.memory,
    "disks": machine.disks,
    "graphics": machine.graphics,
    "kernel parameters": machine.kernel_parameters,
    "init system": machine.init_system,
    "distribution": distribution.distribution,
    "firmware": firmware.firmware,
    "virtualisation": virtual.virtualisation,
    "interfaces": network.interfaces,
    "gateways": network.gateways,
    "resolver": network.resolver,
    "host name": names.host_names,
    "reverse names": names.reverse_names,
    "machine id": machine.machine_id,
    "minion": versions.minion,
    "python": versions.python,
    "libraries": versions.libraries,
    "process": process.process,
    "locale": process.locale_info,
}


def collect(
    config: Mapping[str, Any],
    sources: Mapping[str, Source] | None = None,
    limit: float = LIMIT,
) -> dict[str, Any]:
    """
    Give all grains of this machine for a minion with these options.

    ``limit`` is seconds for all sources together, which run side by side.
    """
    grains = cache.cached(config)
    if grains is None:
        grains = _collected(config, SOURCES if sources is None else sources, limit)
        cache.keep(config, grains)
    for static_grains in (static.grains_file(config), static.grains_option(config)):
        grains.update(static_grains)
    return grains


def _collected(
    config: Mapping[str, Any], sources: Mapping[str, Source], limit: float
) -> dict[str, Any]:
    grains: dict[str, Any] = {}
    for found in _outcomes(config, sources, limit):
        grains.update(found)
    own: dict[str, Source] = {}

    def import_own(_: Mapping[str, Any]) -> dict[str, Any]:
        own.update(custom.sources(config, dict(grains)))
        return {}

    list(_outcomes(config, {"modules of your own": import_own}, limit))
    for found in _outcomes(config, dict(own), limit):
        if config.get("grains_deep_merge"):
            _merge(grains, found)
        else:
            grains.update(found)
    return grains


def _outcomes(
    config: Mapping[str, Any], sources: Mapping[str, Source], limit: float
) -> Iterator[dict[str, Any]]:
    """Run all sources side by side, and give what each found, in their order."""
    tasks = [_Task(name, source, config) for name, source in sources.items()]
    deadline = time.monotonic() + limit
    for task in tasks:
        yield task.outcome(max(0.0, deadline - time.monotonic()), limit)


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for name, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(name), dict):
            _merge(below[name], value)
        else:
            below[name] = value


class _Task:
    """One source at work."""

    def __init__(self, name: str, source: Source, config: Mapping[str, Any]) -> None:
        self._name = name
        self._source = source
        self._config = config
        self._answer: dict[str, Any] | None = None
        self._failure: BaseException | None = None
        # A daemon thread: one that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name=f"grains: {name}", daemon=True)
        self._thread.start()

    def outcome(self, wait: float, limit: float) -> dict[str, Any]:
        """Wait for the grains; {} if the source failed, or is not done in time."""
        self._thread.join(wait)
        if self._failure is not None:
            log.warning("grains: %s failed and is left out: %r", self._name, self._failure)
        elif self._answer is None:
            log.warning("grains: %s took over %g s and is left out", self._name, limit)
        return self._answer or {}

    def _work(self) -> None:
        try:
            self._answer = self._source(self._config)
        except (Exception, SystemExit) as exc:
            self._failure = exc
