"""
Run the functions of scheduled jobs, and send their results where the job says.

A result goes to the master under the jid "req", for which the master makes one; to returners, and
then also to the master, under the jid that the minion made.

Source: PROTOCOL sections 12.3, 12.4; Salt 3008.3, utils/schedule.py handle_func.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txsalt.jobs.arguments import MARK
from txsalt.jobs.jid import JidClock
from txsalt.light import frozen
from txsalt.minion.daemon.job_control import Record
from txsalt.minion.daemon.job_runner import JobRunner
from txsalt.schedule.entry import NO_CACHE, Entry
from txsalt.wire.job_loads import Load

_REQUESTED = "req"


@frozen(kw_only=True)
class Outlets:
    """Where results go: to the master, and to returners by name."""

    master: Callable[[Load], None]
    returners: Callable[[Load, Sequence[str]], None]
    always: tuple[str, ...] = ()  # returners of every scheduled job


class ScheduledRuns:
    """Starts scheduled jobs and counts those that run."""

    log = Logger()

    def __init__(
        self, clock: IReactorTime, minion_id: str, runner: JobRunner, outlets: Outlets
    ) -> None:
        self._clock = clock
        self._minion_id = minion_id
        self._runner = runner
        self._outlets = outlets
        self._jids = JidClock()
        self._running: Counter[str] = Counter()
        self._ended: Callable[[str], None] = lambda name: None

    def when_ended(self, ended: Callable[[str], None]) -> None:
        """Tell ``ended`` the name of each job that has run."""
        self._ended = ended

    def running(self, name: str) -> int:
        """Return how many runs of a job have not ended."""
        return self._running[name]

    def start(self, entry: Entry, function: str, zone: tzinfo) -> str:
        """Start ``function`` with the arguments of ``entry``; return the jid."""
        jid = self._jids.make(datetime.fromtimestamp(self._clock.seconds(), UTC))
        about = self._about(entry, function, jid, zone)
        arg: list[Any] = list(entry.args)
        if entry.kwargs:
            arg.append({MARK: True, **entry.kwargs})
        load: Load = {"arg": arg, "schedule": entry.name}
        if entry.metadata is not None:
            load["metadata"] = about["metadata"]
        self._running[entry.name] += 1
        pid: Callable[[], int] = lambda: 0  # noqa: E731 - until the runner has taken it

        def done(result: Record) -> None:
            self._running[entry.name] -= 1
            self._return(entry, {**about, "pid": pid(), **_shown(result)})
            self._ended(entry.name)

        pid = self._runner.run_own(jid, function, done, load)
        return jid

    def _about(self, entry: Entry, function: str, jid: str, zone: tzinfo) -> Load:
        # In the order of stock minions.
        fun_args = [*entry.args, entry.kwargs] if entry.kwargs else list(entry.args)
        about: Load = {"id": self._minion_id, "fun": function, "fun_args": fun_args}
        about |= {"schedule": entry.name, "jid": jid}
        if entry.metadata is not None:
            now = self._clock.seconds()
            about["metadata"] = {
                **entry.metadata,
                "_TOS": datetime.fromtimestamp(now, zone).strftime("%z"),
                "_TS": time.ctime(now),
                "_TT": time.strftime("%Y %B %d %a %H %m", time.gmtime(now)),
            }
        return about

    def _return(self, entry: Entry, result: Load) -> None:
        result["_stamp"] = datetime.fromtimestamp(self._clock.seconds(), UTC).isoformat()
        returners = list(dict.fromkeys([*entry.returners, *self._outlets.always]))
        if returners:
            more: Load = {}
            if entry.return_config:
                more["ret_config"] = entry.return_config
            if entry.return_kwargs:
                more["ret_kwargs"] = entry.return_kwargs
            self._outlets.returners({**result, **more}, returners)
        if entry.return_job:
            jid = NO_CACHE if entry.return_job == NO_CACHE else _REQUESTED
            self._outlets.master(
                {"cmd": "_return", **result, **({} if returners else {"jid": jid})}
            )


def _shown(result: Record) -> Load:
    return {
        name: result[name] for name in ("return", "retcode", "success", "out") if name in result
    }
