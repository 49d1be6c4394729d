"""Tests of what a master finds or makes before it opens a socket."""

import os
import tempfile

from twisted.trial.unittest import SynchronousTestCase

from txsalt.errors import KeyFileError
from txsalt.master.daemon.foundation import let_group_in, make_folder


class FolderTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = f"{folder.name}/run"

    def mode(self) -> int:
        return os.stat(self.path).st_mode & 0o777

    def test_sockets_of_an_older_run(self) -> None:
        """
        A folder of sockets that is closed to its group is opened, and told once.
        """
        os.mkdir(self.path, 0o700)
        [warning] = let_group_in(self.path)
        self.assertIn("had mode 700", warning)
        self.assertEqual(self.mode(), 0o750)
        self.assertEqual(let_group_in(self.path), [])

    def test_sockets_for_all(self) -> None:
        """
        A folder that lets more people in is left as it is.
        """
        os.mkdir(self.path)
        os.chmod(self.path, 0o775)
        self.assertEqual(let_group_in(self.path), [])
        self.assertEqual(self.mode(), 0o775)

    def test_no_folder(self) -> None:
        """
        A folder that cannot be made is named.
        """
        with open(self.path, "w"):
            pass
        error = self.assertRaises(KeyFileError, make_folder, f"{self.path}/x", 0o700)
        self.assertIn(self.path, str(error))
