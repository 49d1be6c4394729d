"""Tests of the sign-in of a swarm, where no master answers."""

from twisted.trial.unittest import SynchronousTestCase

from tests.master.place import key_pair
from txsalt.swarm import minions
from txsalt.swarm.arrival import Arrival
from txsalt.swarm.keyring import Pair
from txsalt.swarm.lanes import Lanes
from txsalt.swarm.loop import Loop


class StoppedTests(SynchronousTestCase):
    def test_stopped(self) -> None:
        """
        Who stops a swarm before its minions are in is not told that they were.
        """
        loop = Loop()
        self.addCleanup(loop.close)
        lanes = Lanes(loop, ("127.0.0.1", 1), connections=1, window=1, timeout=1.0)
        self.addCleanup(lanes.close)
        fleet = minions.make("swarm-", 3, [Pair(key_pair("minion"), b"")])
        arrival = Arrival(loop, lanes)
        self.assertEqual(arrival.storm(fleet, lambda: True), fleet)
        self.assertEqual(arrival.until_all_are_in(fleet, 60.0, lambda: True), fleet)
