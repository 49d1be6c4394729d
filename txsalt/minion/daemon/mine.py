"""
Renew the mine: a job like others, which nobody published.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txsalt.jobs import jid
from txsalt.minion.daemon.job_control import Record
from txsalt.minion.daemon.job_runner import JobRunner
from txsalt.wire.job_loads import Load, return_load

FUNCTION = "mine.update"


class MineUpdate:
    """Call it to send the mine."""

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        minion_id: str,
        runner: JobRunner,
        deliver: Callable[[Load], None] | None,
    ) -> None:
        """``deliver`` gets a return for each update, if the master is to keep them as jobs."""
        self._clock = clock
        self._minion_id = minion_id
        self._runner = runner
        self._deliver = deliver

    def __call__(self) -> None:
        """Start the job."""
        now = datetime.fromtimestamp(self._clock.seconds(), UTC)
        self._runner.run_own(jid.make(now), FUNCTION, self._done)

    def _done(self, result: Record) -> None:
        if not result.get("success"):
            self.log.warn("the mine was not sent: {reason}", reason=str(result["return"])[:200])
        if self._deliver is not None:
            stamp = datetime.fromtimestamp(self._clock.seconds(), UTC).isoformat()
            load: Load = {"fun": FUNCTION, "arg": []}
            self._deliver(return_load(load, self._minion_id, result, stamp, jid="req"))
