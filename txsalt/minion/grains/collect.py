"""
Collect the grains: every source in a thread of its own, with a limit of time.

A source that raises or hangs is named in the log and left out; the others stand. Static grains
are laid over what was collected: the file ``{config_dir}/grains``, then the option ``grains``.
Blocks for as long as the slowest source, at most LIMIT; the daemon runs it in a child process.

Source: Salt 3008.3, grains/core.py, loader grains().
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any  # grains hold values of any type

from txsalt.minion.grains import (
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
    tasks = [_Task(name, source, config) for name, source in (sources or SOURCES).items()]
    deadline = time.monotonic() + limit
    grains: dict[str, Any] = {}
    for task in tasks:
        grains.update(task.outcome(max(0.0, deadline - time.monotonic()), limit))
    grains.update(static.grains_file(config))
    grains.update(static.grains_option(config))
    return grains


class _Task:
    """One source at work."""

    def __init__(self, name: str, source: Source, config: Mapping[str, Any]) -> None:
        self._name = name
        self._source = source
        self._config = config
        self._answer: dict[str, Any] | None = None
        self._failure: Exception | None = None
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
        except Exception as exc:
            self._failure = exc
