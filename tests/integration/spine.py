"""
A fleet of our own daemons for the tests of the spine, shared by the tests of one class.

The daemons and their scratch folders are those of ``tests.interop``; nothing here needs real Salt.
"""

import os
import sysconfig
import unittest as pyunit
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psutil
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.interop import processes
from tests.interop.harness import Daemon, Fleet, TxMaster, TxMinion
from tests.interop.processes import Answer, wait_until
from tests.interop.watchers import TxWatcher, has_tag

CLI = os.path.join(sysconfig.get_path("scripts"), "txsalt-cli")


class SpineMaster(TxMaster):
    """Our master with more options, and its command line with any words."""

    def __init__(self, **options: Any) -> None:
        self._more = {"timeout": 3, "gather_job_timeout": 2, **options}
        super().__init__()

    def extra_options(self) -> dict[str, Any]:
        return self._more

    def cli(self, *words: str, seconds: float = 60) -> Answer:
        """Run ``txsalt-cli`` with exactly these words."""
        argv = [CLI, "--config-dir", str(self.config_dir), *words]
        return processes.tell(argv, stock=False, seconds=seconds)

    @contextmanager
    def listening(self) -> Iterator[TxWatcher]:
        """A listener on the bus for a while."""
        watcher = TxWatcher(self.sock_dir)
        try:
            yield watcher
        finally:
            watcher.close()

    def template(self) -> psutil.Process:
        """The program that forks the workers."""
        return wait_until(lambda: programs(self, "txsalt.master.worker"), 10, "the template")[0]

    def workers(self, count: int = 2) -> list[psutil.Process]:
        """The workers, as soon as there are so many."""

        def all_there() -> list[psutil.Process]:
            found = self.template().children()
            return found if len(found) == count else []

        return wait_until(all_there, 10, f"{count} workers")


def leader(daemon: Daemon) -> psutil.Process:
    """The daemon's own process."""
    assert daemon._process is not None, f"{daemon.name} does not run"
    return psutil.Process(daemon._process.pid)


def programs(daemon: Daemon, module: str) -> list[psutil.Process]:
    """The direct children of a daemon that run ``module``."""
    return [each for each in leader(daemon).children() if module in each.cmdline()]


class SpineCase(SynchronousTestCase):
    """A test of a class whose tests share the fleet that ``make_fleet`` describes."""

    ids: ClassVar[tuple[str, ...]] = ("web1", "web2", "db1")
    _owner: ClassVar[type | None] = None
    _fleet: ClassVar[Fleet | None] = None
    _waiting: ClassVar[set[str]] = set()
    fleet: Fleet
    master: SpineMaster

    def make_fleet(self) -> Fleet:
        """Lay out the daemons; they are started by the caller."""
        fleet = Fleet(SpineMaster())
        for minion_id in self.ids:
            fleet.add(TxMinion(fleet.master, minion_id))
        return fleet

    def setUp(self) -> None:
        if processes.was_interrupted():
            raise SkipTest("interrupted")
        if SpineCase._owner is not type(self):
            _end_fleet()
            SpineCase._owner = type(self)
            SpineCase._waiting = set(pyunit.TestLoader().getTestCaseNames(type(self)))
            self._build()
        if SpineCase._fleet is None:
            self.fail("the fleet did not come up; see the first test of this class")
        self.fleet = SpineCase._fleet
        assert isinstance(self.fleet.master, SpineMaster)
        self.master = self.fleet.master
        self.addCleanup(self._leave)

    def minion(self, minion_id: str) -> TxMinion:
        """A minion of the fleet."""
        found = self.fleet.minions[minion_id]
        assert isinstance(found, TxMinion)
        return found

    def answers(self, *ids: str, seconds: float = 30) -> None:
        """Wait until all of these minions answer a ping."""
        target = ",".join(ids or self.ids)

        def all_there() -> bool:
            answer = self.master.say(target, "test.ping", options=("-L", "-t", "1"))
            return answer.returncode == 0

        wait_until(all_there, seconds, f"{target} answers; the master:\n{self.master.tail()}")

    def _build(self) -> None:
        fleet = self.make_fleet()
        try:
            fleet.start()
        except BaseException:
            fleet.close()
            raise
        SpineCase._fleet = fleet

    def _leave(self) -> None:
        SpineCase._waiting.discard(self._testMethodName)
        if not SpineCase._waiting:
            _end_fleet()


def started(watcher: TxWatcher, minion_id: str, seconds: float = 30) -> None:
    """Wait for the start event of a minion."""
    watcher.wait(has_tag(f"salt/minion/{minion_id}/start"), seconds)


def _end_fleet() -> None:
    """End the fleet; a daemon that leaves a process behind fails the test that calls this."""
    fleet, SpineCase._fleet, SpineCase._owner = SpineCase._fleet, None, None
    if fleet is not None:
        fleet.close()
