"""The shared key, replaced when a minion must no longer read jobs."""

import os
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from tests.master.place import Place
from txsalt.errors import KeyFileError
from txsalt.master.daemon.shared_key import SharedKey
from txsalt.master.store import secrets


class FakeRelay:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.used: Deferred[None] = Deferred()

    def hold(self) -> None:
        self.said.append("hold")
        self.used = Deferred()

    def use(self, sealer: object) -> None:
        self.said.append("use")
        if not self.used.called:
            self.used.callback(None)


class RotationTests(TestCase):
    def setUp(self) -> None:
        self.place = Place(self)
        self.clock, self.relay = Clock(), FakeRelay()
        self.pki = self.place.config.pki_dir
        relay: Any = self.relay
        self.key = SharedKey(
            self.clock, relay, self.place.secrets, pki_dir=self.pki, signing_key=None, sig_algo=""
        )
        self.rotations: list[str] = []
        self.key.on_rotated = lambda: self.rotations.append(self.key.secrets.aes)
        self.key.startService()

    async def test_after_a_full_disk(self) -> None:
        """
        A rotation that failed is made up for: a deleted minion does not read on for ever.
        """
        path = os.path.join(self.pki, secrets.FILE_NAME)
        os.unlink(path)
        os.mkdir(path)  # no file can be put in its place
        self.key.rotate("the key of m1 was removed")
        self.clock.advance(1)
        await self.done()
        self.assertEqual(len(self.flushLoggedErrors(KeyFileError)), 1)
        self.assertEqual((self.rotations, self.relay.said[1:]), ([], ["hold", "use"]))
        os.rmdir(path)
        self.clock.advance(60)
        await self.done()
        self.assertEqual(self.rotations, [secrets.load_or_create(self.pki).aes])
        self.assertNotEqual(self.rotations, [self.place.secrets.aes])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_stopped_before_the_next_try(self) -> None:
        """
        A master that stops leaves no rotation behind.
        """
        self.key.rotate("the key of m1 was removed")
        self.key.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def done(self) -> None:
        """Wait for the end of the rotation under way."""
        await self.relay.used
        await deferLater(reactor, 0)
