"""Tests of the bus of a master that is there, or was."""

import os
import socket
import tempfile

import zmq
from twisted.trial.unittest import SynchronousTestCase

from txsalt.client import bus as client_bus
from txsalt.client.bus import EventBus
from txsalt.errors import MasterUnreachable
from txsalt.wire import event


class FireTests(SynchronousTestCase):
    """Events are given to somebody, or it is said that nobody is there."""

    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory(prefix="txb")
        self.addCleanup(place.cleanup)
        self.folder = place.name
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.addCleanup(self.context.destroy, linger=0)
        for name in ("pub", "pull"):
            # What a process that was killed leaves: the name, and nobody behind it.
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(self.path(name))

    def path(self, name: str) -> str:
        return os.path.join(self.folder, f"master_event_{name}.ipc")

    def test_killed(self) -> None:
        """
        An event for a master that was killed is no success.
        """
        self.patch(client_bus, "_FIRE_MS", 50)
        error = self.assertRaises(
            MasterUnreachable, EventBus(self.context, self.folder).fire, "my/tag", {}
        )
        self.assertIn("is txsalt-master running?", str(error))

    def test_there(self) -> None:
        """
        A master that is there gets the event.
        """
        os.unlink(self.path("pull"))
        pull = self.context.socket(zmq.PULL)
        pull.bind(f"ipc://{self.path('pull')}")
        EventBus(self.context, self.folder).fire("my/tag", {"a": 1})
        self.assertTrue(pull.poll(5000))
        tag, data = event.read_event(pull.recv())
        self.assertEqual((tag, data["a"]), ("my/tag", 1))
