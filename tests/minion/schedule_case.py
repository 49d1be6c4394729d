"""The minion's schedule with a clock that the test advances."""

import os
from datetime import UTC
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.minion.test_job_runner import FakeZygote
from tests.schedule.test_moment import unix
from txsalt.minion.daemon.job_runner import JobRunner, RunnerSettings
from txsalt.minion.daemon.schedule import Schedule
from txsalt.minion.daemon.schedule_book import ScheduleBook
from txsalt.minion.daemon.schedule_calls import ScheduleCalls
from txsalt.minion.daemon.schedule_memory import ScheduleMemory
from txsalt.minion.daemon.scheduled_runs import Outlets, ScheduledRuns

# A Monday, at noon.
NOON = unix("2026-11-23T12:00:00")


class ScheduleCase(SynchronousTestCase):
    zone = UTC

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOON)
        self.folder = self.mktemp()
        os.makedirs(self.folder)
        self.path = f"{self.folder}/minion.d/_schedule.conf"

    def start(self, jobs: dict[str, Any], **changes: Any) -> None:
        """A minion with these jobs, signed in."""
        self.zygote = FakeZygote()
        self.returns: list[dict[str, Any]] = []
        self.returned: list[tuple[dict[str, Any], list[str]]] = []
        self.runner = JobRunner(
            self.clock,
            self.zygote,
            RunnerSettings(minion_id="m1", limit=9),
            self.returns.append,
            lambda tag, data: None,
        )
        self.runner.startService()
        self.book = ScheduleBook(jobs, self.path, lambda: self.schedule.look_again())
        outlets = Outlets(
            master=self.returns.append,
            returners=lambda ret, names: self.returned.append((ret, list(names))),
            always=changes.pop("always", ()),
        )
        self.schedule = Schedule(
            self.clock,
            "m1",
            self.book,
            ScheduleMemory(f"{self.folder}/schedule.json"),
            ScheduledRuns(self.clock, "m1", self.runner, outlets),
            zone=lambda: self.zone,
            **changes,
        )
        self.calls = ScheduleCalls(self.book, self.schedule)
        self.schedule.startService()
        self.schedule.master_came()
        self.schedule.facts_came()
        self.clock.advance(0)

    def stop(self) -> None:
        self.schedule.stopService()

    def pass_time(self, seconds: int, end: bool = True, step: int = 1) -> None:
        """Let time go by; jobs end as soon as they start."""
        for _ in range(0, seconds, step):
            self.clock.advance(step)
            if end:
                self.end_all()

    def end_all(self) -> None:
        for jid, handle in list(self.zygote.handles.items()):
            if not handle.ended.called:
                self.zygote.end(jid)

    @property
    def runs(self) -> int:
        return len(self.zygote.handles)

    def status(self, name: str = "job") -> dict[str, Any]:
        return self.calls({"do": "status", "name": name})


def every(seconds: int, **options: Any) -> dict[str, Any]:
    return {"function": "test.ping", "seconds": seconds, **options}
