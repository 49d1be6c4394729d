"""Tests of what a program hears where no master answers."""

import time

from twisted.trial.unittest import SynchronousTestCase
from zmq import Context

from tests.interop.processes import free_ports
from txsalt.client import request
from txsalt.errors import MasterUnreachable


class NobodyThereTests(SynchronousTestCase):
    def test_nothing_listens(self) -> None:
        """
        Where no master runs one is told soon, however long one would wait for an answer.
        """
        self.patch(request, "START_SECONDS", 0.2)
        requests = request.Requests(Context.instance(), f"tcp://127.0.0.1:{free_ports(1)[0]}")
        self.addCleanup(requests.close)
        began = time.monotonic()
        error = self.assertRaises(MasterUnreachable, requests.ask, {"cmd": "ping"}, 30)
        self.assertIn("is txsalt-master running?", str(error))
        self.assertLess(time.monotonic() - began, 10)
