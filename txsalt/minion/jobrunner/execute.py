"""
Run the function or functions of one job, in the job's own process.

Interactions: the zygote imports this module and calls ``preload`` once, then ``run`` in each forked
job. Progress and errors go out through the job's context while it runs; the result is returned.
Modules find the context as ``__daemon__``; every other dunder is Salt's.

Source: PROTOCOL sections 12, 14; Salt 3008.3, minion.py _thread_return, _thread_multi_return.
"""

import importlib
import inspect
import logging
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol  # Any: arguments and results are whatever functions take and give

from txsalt.events import tags
from txsalt.jobs import verdict
from txsalt.jobs.arguments import load_args_and_kwargs
from txsalt.jobs.errors import (
    CommandExecutionError,
    FunctionUnavailable,
    InvalidArguments,
    SaltInvocationError,
)
from txsalt.light import frozen
from txsalt.loader.functions import Functions
from txsalt.loader.opts import make_opts
from txsalt.loader.places import places_of
from txsalt.loader.scan import marks, package, scan
from txsalt.minion.jobrunner import state_lock
from txsalt.minion.jobrunner.guest import SaltGuest, is_installed

log = logging.getLogger(__name__)

BUILT_IN = "txsalt.modules"

# Modules that nearly every job needs: imported before the fork, their pages are shared.
_WARM = ("txsalt.modules.test", "txsalt.modules.cmd", "txsalt.modules.config")

_SALT_ERRORS = {
    "CommandExecutionError": CommandExecutionError,
    "SaltInvocationError": SaltInvocationError,
}


class Context(Protocol):
    """What a job is given: see ``context.JobContext``."""

    config: dict[str, Any]
    grains: dict[str, Any]
    pillar: dict[str, Any]
    jid: str

    def call(self, name: str, arguments: dict) -> object:
        """Ask the daemon; see docs/architecture.md, "Calls a job may make"."""


def preload() -> None:
    """Import the modules that nearly every job needs, and look for all others."""
    for name in _WARM:
        importlib.import_module(name)
    scan([package(BUILT_IN)])
    is_installed()


@frozen
class Ready:
    """The functions of a job that is to come, and of which files of the user's they are."""

    functions: Functions
    dunders: dict[str, Any]
    marks: tuple[object, ...]


def prepare(context: Context) -> Ready:
    """Make the functions before there is a job; ``run`` makes them anew if files changed since."""
    seen = _marks(context)  # first: what changes while the files are read shows
    return Ready(*loaded(context), seen)


def run(
    load: Mapping[str, Any],
    context: Context,
    ready: Ready | None = None,
    *,
    blackout: bool = True,
) -> dict[str, Any]:
    """
    Run a job; return {"return", "retcode", "success"} and perhaps "out".

    ``load`` is the inner map of the publication: ``fun`` a name with ``arg`` a list, or ``fun`` a
    list of names with ``arg`` a list of lists. What the functions raise becomes part of the
    result; only a bug of ours raises. ``blackout`` False does not heed ``minion_blackout``.
    """
    if "rets" in load:
        # Here, as few minions have returners.
        from txsalt.minion.jobrunner import deliver

        return deliver.run(load, context)
    job = _Job(load, context, ready, blackout)
    fun = load["fun"]
    if isinstance(fun, str):
        answer, how = job.run_one(fun, load.get("arg") or [])
        if how and "out" not in answer:
            answer["out"] = how
        return answer
    arguments = load.get("arg") or []
    results = [
        (name, job.run_one(name, arguments[at] if at < len(arguments) else [])[0])
        for at, name in enumerate(fun)
    ]
    return verdict.of_several(results, ordered=bool(context.config.get("multifunc_ordered")))


def functions_for(context: Context) -> tuple[Functions, dict[str, Any]]:
    """Give the functions of a job, and the map that is their ``__context__``."""
    functions, dunders = loaded(context)
    return functions, dunders["__context__"]


def loaded(context: Context) -> tuple[Functions, dict[str, Any]]:
    """Give the functions of a job, and the globals that modules of another kind get."""
    shared: dict[str, Any] = {}
    config = context.config
    dunders: dict[str, Any] = {
        "__opts__": make_opts(config, context.grains, context.pillar),
        "__grains__": context.grains,
        "__pillar__": context.pillar,
        "__context__": shared,
        "__daemon__": context,
    }
    functions = Functions(
        places_of(config, "modules", BUILT_IN),
        dunders,
        disabled=config.get("disable_modules") or (),
        guest=_guest(context, shared, lambda: functions),
    )
    salts = {**dunders, "__salt__": functions}
    utils = Functions(places_of(config, "utils"), salts, kind="utils")
    for each in (functions, utils):
        each.share("__utils__", utils)
    return functions, {**salts, "__utils__": utils}


def _marks(context: Context) -> tuple[object, ...]:
    """Tell one state of the user's module files from another."""
    kinds = (("modules", BUILT_IN), ("utils", ""))
    return tuple(marks(places_of(context.config, kind, ours)) for kind, ours in kinds)


def _guest(
    context: Context, shared: dict[str, Any], native: Callable[[], Functions]
) -> SaltGuest | None:
    if context.config.get("salt_modules", "auto") == "off" or not is_installed():
        return None
    return SaltGuest(context.config, context.grains, context.pillar, shared, native)


class _Job:
    """One run of ``run``."""

    def __init__(
        self, load: Mapping[str, Any], context: Context, ready: Ready | None, blackout: bool
    ) -> None:
        self._load = load
        self._blackout = blackout
        self._context = context
        if ready is None or ready.marks != _marks(context):
            self._functions, self._shared = functions_for(context)
        else:
            self._functions, self._shared = ready.functions, ready.dunders["__context__"]

    def run_one(self, name: str, arg: list[Any]) -> tuple[verdict.Verdict, str | None]:
        """Run one function; return the verdict and the outputter that its module wishes."""
        self._shared["retcode"] = 0
        function: Callable[..., Any] | None = None
        try:
            self._refuse_blackout(name)
            function = self._find(name)
            with state_lock.held(name, arg, self._context):
                return self._call(function, arg), self._functions.outputter(name)
        except state_lock.StateRunRefused as refused:
            return refused.verdict, None
        except (Exception, SystemExit) as raised:
            exc = _ours(raised, function)
            if verdict.is_unexpected(exc):
                self._tell_error(name, exc)
            return verdict.of_exception(name, exc, function and inspect.getdoc(function)), None

    def _find(self, name: str) -> Callable[..., Any]:
        # From outside only; modules may still call each other.
        allowed = self._context.config.get("whitelist_modules")
        if allowed and name.partition(".")[0] not in allowed:
            raise FunctionUnavailable(name, "whitelist_modules does not name its module")
        if name not in self._functions:
            raise FunctionUnavailable(name, self._functions.missing_reason(name))
        return self._functions[name]

    def _call(self, function: Callable[..., Any], arg: list[Any]) -> verdict.Verdict:
        args, kwargs = load_args_and_kwargs(inspect.signature(function), arg, self._load)
        value = function(*args, **kwargs)
        if isinstance(value, types.GeneratorType):
            return verdict.of_items(list(self._followed(value)), self._retcode())
        return verdict.of_value(value, self._retcode())

    def _followed(self, items: Iterator[Any]) -> Iterator[Any]:
        """Pass the items on, each told to the master as it comes."""
        for number, item in enumerate(items):
            tag = tags.job_progress(self._context.jid, self._context.config["id"], number)
            self._fire(tag, {"return": verdict.of_value(item)["return"]})
            yield item

    def _retcode(self) -> int:
        code = self._shared.get("retcode", 0)
        return code if isinstance(code, int) else 1

    def _refuse_blackout(self, name: str) -> None:
        """Refuse while the option minion_blackout of pillar or grains is on, as Salt does."""
        for facts in (self._context.pillar, self._context.grains) if self._blackout else ():
            allowed = facts.get("minion_blackout_whitelist") or []
            if facts.get("minion_blackout") and name not in {"saltutil.refresh_pillar", *allowed}:
                raise SaltInvocationError(
                    "Minion in blackout mode. Set 'minion_blackout' to False in pillar or grains "
                    "to resume operations. Only saltutil.refresh_pillar allowed in blackout mode."
                )

    def _tell_error(self, name: str, exc: BaseException) -> None:
        log.warning("%s raised", name, exc_info=exc)
        message = "The minion function caused an exception"
        # No secrets: neither the arguments of the job nor the text of the exception.
        self._fire(tags.SALT_ERROR, {"message": message, "args": [message]})

    def _fire(self, tag: str, data: Mapping[str, Any]) -> None:
        try:
            self._context.call("fire_event", {"tag": tag, "data": data, "local": False})
        except Exception:
            # The job matters more than news of it.
            log.warning("the event %s was not sent", tag, exc_info=True)


def _ours(raised: BaseException, function: Callable[..., Any] | None) -> BaseException:
    """Translate errors of Salt's own classes, refusals of the daemon, and calls that do not fit."""
    for cls in type(raised).__mro__:
        if cls.__module__ == "salt.exceptions" and cls.__name__ in _SALT_ERRORS:
            return _SALT_ERRORS[cls.__name__](str(raised))
    if isinstance(raised, MemoryError):
        return CommandExecutionError(
            "the job got no more memory: the option job_memory_max limits it, or the machine has "
            "none left"
        )
    if type(raised).__name__ == "CallRefused":
        return CommandExecutionError(str(raised))
    if isinstance(raised, TypeError) and function is not None and _is_misfit(raised):
        return InvalidArguments(str(raised))
    return raised


def _is_misfit(raised: TypeError) -> bool:
    # A call that does not fit raises in the frame of the caller: ours, in _call.
    frame = raised.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is not None and frame.tb_frame.f_code is _Job._call.__code__
