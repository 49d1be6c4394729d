"""
Test cases that share one fleet: starting real daemons for every assertion would take an hour.

trial has no class fixtures. The first test of a class builds its fleet, the last one ends it; a
fleet that is still up (a single test was asked for) ends before the next is built.
"""

import os
import unittest as pyunit
from typing import ClassVar

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.interop import environments, processes
from tests.interop.harness import Fleet


class _Shared:
    """The one fleet that is up."""

    owner: type | None = None
    fleet: Fleet | None = None
    problem: str = ""
    waiting: set[str] = set()


class FleetCase(SynchronousTestCase):
    """A test of a class whose tests share the fleet that ``make_fleet`` describes."""

    lines: ClassVar[tuple[str, ...]] = ()  # the lines of Salt that the fleet needs
    fleet: Fleet

    def make_fleet(self) -> Fleet:
        """Lay out the daemons; they are started by the caller."""
        raise NotImplementedError

    def setUp(self) -> None:
        if processes.was_interrupted():
            raise SkipTest("interrupted")
        need_salt(*self.lines)
        if _Shared.owner is not type(self):
            _end_fleet()
            _Shared.owner, _Shared.problem = type(self), ""
            _Shared.waiting = set(pyunit.TestLoader().getTestCaseNames(type(self)))
            self._build()
        if _Shared.fleet is None:
            self.fail(f"the fleet did not come up: {_Shared.problem}")
        self.fleet = _Shared.fleet
        self.addCleanup(self._leave)

    def _build(self) -> None:
        fleet = self.make_fleet()
        try:
            fleet.start()
        except BaseException as error:
            _Shared.problem = str(error)
            fleet.close()
            raise
        _Shared.fleet = fleet

    def _leave(self) -> None:
        _Shared.waiting.discard(self._testMethodName)
        if not _Shared.waiting:
            _end_fleet()


def need_salt(*lines: str) -> None:
    """Skip the test unless it was asked for and the environments of these lines are there."""
    if not os.environ.get("TXSALT_INTEROP"):
        raise SkipTest("takes minutes: runs under make interop, or with TXSALT_INTEROP=1")
    for line in lines:
        if not environments.is_ready(line):
            raise SkipTest(f"needs make interop to build the Salt {line} environment")


def _end_fleet() -> None:
    """End the fleet; one of ours that leaves a process behind fails the test that calls this."""
    fleet, _Shared.fleet, _Shared.owner = _Shared.fleet, None, None
    if fleet is not None:
        fleet.close()
