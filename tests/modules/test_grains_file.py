"""The file of grains of one's own, where something is wrong with it."""

import os
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.tools import real, room_for
from txsalt.jobs.errors import CommandExecutionError


class GrainsFileTests(SynchronousTestCase):
    """grains.setval."""

    def setUp(self) -> None:
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.path = Path(folder, "grains")
        self.grains = real(config_dir=folder).grains

    def test_no_map(self) -> None:
        """
        A file that holds something else than grains is not overwritten.
        """
        self.path.write_text("- role: web\n")
        exc = self.assertRaises(CommandExecutionError, self.grains.setval, "a", 1)
        self.assertIn("is no map", str(exc))
        self.assertEqual(self.path.read_text(), "- role: web\n")

    def test_full_disk(self) -> None:
        """
        Where there is no room for one more grain, those that are there stay.
        """
        self.path.write_text("role: web\n")
        with room_for(5):
            self.assertRaises(CommandExecutionError, self.grains.setval, "a", 1)
        self.assertEqual(self.path.read_text(), "role: web\n")
        self.assertEqual(os.listdir(self.path.parent), ["grains"])
