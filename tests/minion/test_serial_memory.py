"""What a minion remembers of publications over a restart."""

import os

from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from txsalt.minion.daemon.serial_memory import SerialMemory


class SerialMemoryTests(SynchronousTestCase):
    """The file of the last serial."""

    def setUp(self) -> None:
        self.folder = self.mktemp()
        os.makedirs(self.folder)
        self.path = f"{self.folder}/publication.serial"

    def test_kept(self) -> None:
        """
        The next run knows the last serial of the same key, and none of another; no key is told.
        """
        memory = SerialMemory(self.path)
        self.assertEqual(memory.last("one"), 0)
        for serial in (999_999, 1_000_000, 17):
            memory.keep("one", serial)
            self.assertEqual(SerialMemory(self.path).last("one"), serial)
        self.assertEqual(SerialMemory(self.path).last("two"), 0)
        with open(self.path) as file:
            self.assertNotIn("one", file.read())

    def test_damaged(self) -> None:
        """
        A file that was damaged keeps no minion from its work.
        """
        for content in (b"", b"\xff", b"a b", b"one"):
            with open(self.path, "wb") as file:
                file.write(content)
            self.assertEqual(SerialMemory(self.path).last("one"), 0)

    def test_cannot_be_written(self) -> None:
        """
        Where nothing can be written jobs run all the same; one line says so.
        """
        memory = SerialMemory(f"{self.folder}/nowhere/publication.serial")
        with capturedLogs() as events:
            for serial in range(3):
                memory.keep("one", serial)
        self.assertEqual(len([e for e in events if e["log_level"] is LogLevel.error]), 1)
