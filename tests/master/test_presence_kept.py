"""Who is there, as the daemon keeps it for the workers."""

import sqlite3
from contextlib import closing

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from tests.master.place import Place
from txsalt.master.daemon.event_publisher import EventPublisher
from txsalt.master.daemon.presence import Presence
from txsalt.master.store import database
from txsalt.master.store import presence as store
from txsalt.sockets.context import SocketContext


class KeptTests(TestCase):
    def statement(self, text: str) -> None:
        with closing(database.connect(self.place.store_path)) as connection:
            connection.execute(text)

    async def test_after_a_full_disk(self) -> None:
        """
        What could not be written while the disk was full is written when there is room again.
        """
        self.place = Place(self)
        clock, path = Clock(), self.place.store_path
        self.place.bench.facts.save("m1", {"ipv4": ["192.0.2.1"]}, {}, 1.0)
        publisher = EventPublisher(
            SocketContext(clock), "ipc://unused", "ipc://unused", hwm=1, journal_folder=""
        )
        presence = Presence(clock, publisher, path, event_interval=0, started=0.0)
        await presence.startService()
        presence.heard({"times": {"m1": 5.0}})
        self.statement("ALTER TABLE presence RENAME TO hidden")
        for _ in range(3):
            await presence.stopService()
        self.assertEqual(len(self.flushLoggedErrors(sqlite3.OperationalError)), 1)
        self.statement("ALTER TABLE hidden RENAME TO presence")
        await presence.stopService()
        self.assertEqual([(each.id, each.heard) for each in store.read(path)], [("m1", 5.0)])
