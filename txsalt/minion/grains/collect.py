"""
Collect the grains: every source in a thread of its own, with a limit of time.

A source that raises or hangs is named in the log and left out; the others stand. Over these are
laid the grains of the user's own modules, then static ones: the file ``{config_dir}/grains``, and
the option ``grains``. Blocks for as long as the slowest source, at most LIMIT, and as long again
to import the user's modules, for their functions, and for those of them that wish to know the
other grains; the daemon runs it in a child process, and waits longer than all that.

Source: Salt 3008.3, grains/core.py, loader grains().
"""

import copy
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
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
Joiner = Callable[[dict[str, Any], Mapping[str, Any]], None]

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
    in_file, in_options = static.grains_file(config), static.grains_option(config)
    if grains is None:
        grains = _of_machine(config, SOURCES if sources is None else sources, limit)
        _add_own(grains, config, {**in_file, **in_options}, limit)
        cache.keep(config, grains)
    _joiner(config)(grains, in_file)
    grains.update(in_options)
    return grains


def _of_machine(
    config: Mapping[str, Any], sources: Mapping[str, Source], limit: float
) -> dict[str, Any]:
    grains: dict[str, Any] = {}
    for found in _outcomes(config, sources, limit):
        grains.update(found)
    return grains


def _add_own(
    grains: dict[str, Any], config: Mapping[str, Any], written: Mapping[str, Any], limit: float
) -> None:
    """Add what the user's modules say; those that wish to know the other grains come last."""
    look = {"folders of modules": partial(custom.imports, written=written)}
    (imports,) = _outcomes(config, look, limit / 4)
    functions: dict[str, custom.Function] = {}
    for of_module in _outcomes(config, imports, limit):
        for name, function in of_module.items():
            functions.setdefault(name, function)
    last = {name for name, function in functions.items() if custom.takes_grains(function)}
    own = {name: partial(custom.answer, function) for name, function in functions.items()}
    join = _joiner(config)
    first = {name: source for name, source in own.items() if name not in last}
    for found in _outcomes({}, first, limit):
        join(grains, found)
    _add_in_turn(grains, {name: own[name] for name in own if name in last}, join, limit / 2)


def _add_in_turn(
    grains: dict[str, Any], sources: Mapping[str, Source], join: Joiner, limit: float
) -> None:
    """Add grains of sources that each see those of the sources before it."""
    late = []
    deadline = time.monotonic() + limit
    for name, source in sources.items():
        task = _Task(name, source, copy.deepcopy(grains))
        if task.is_done(max(0.0, deadline - time.monotonic())):
            join(grains, task.outcome(0, limit))
        else:
            late.append(task)
    # One that hangs must not take the time of those after it: for them it starts anew.
    for task in late:
        join(grains, task.outcome(max(0.0, deadline + limit - time.monotonic()), limit))


def _outcomes(
    given: Mapping[str, Any], sources: Mapping[str, Source], limit: float
) -> Iterator[dict[str, Any]]:
    """Run all sources side by side, and give what each found, in their order."""
    tasks = [_Task(name, source, given) for name, source in sources.items()]
    deadline = time.monotonic() + limit
    for task in tasks:
        yield task.outcome(max(0.0, deadline - time.monotonic()), limit)


def _joiner(config: Mapping[str, Any]) -> Joiner:
    return _merge if config.get("grains_deep_merge") else dict.update


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for name, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(name), dict):
            _merge(below[name], value)
        else:
            below[name] = value


class _Task:
    """One source at work."""

    def __init__(self, name: str, source: Source, given: Mapping[str, Any]) -> None:
        self._name = name
        self._source = source
        self._given = given
        self._answer: dict[str, Any] | None = None
        self._failure: BaseException | None = None
        # A daemon thread: one that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name=f"grains: {name}", daemon=True)
        self._thread.start()

    def is_done(self, wait: float) -> bool:
        """Wait for the end, and tell whether it came."""
        self._thread.join(wait)
        return not self._thread.is_alive()

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
            self._answer = self._source(self._given)
        except (Exception, SystemExit) as exc:
            self._failure = exc
