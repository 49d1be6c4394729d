"""A configuration folder of a test."""

import os

from twisted.trial.unittest import SynchronousTestCase


class FolderTestCase(SynchronousTestCase):
    """Gives each test an empty folder in ``self.folder``."""

    def setUp(self) -> None:
        """Make the folder."""
        self.folder = os.path.abspath(self.mktemp())
        os.makedirs(self.folder)

    def write(self, name: str, text: str) -> str:
        """Write a file of the folder and return its path."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path
