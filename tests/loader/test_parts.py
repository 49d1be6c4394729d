"""A folder of ours as one module."""

import importlib
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt.loader.functions import Functions
from txsalt.loader.scan import folder, package


class PartsTests(SynchronousTestCase):
    """Files of a folder."""

    def setUp(self) -> None:
        """Make a package with one module of two files."""
        top = Path(self.mktemp()).absolute()
        self.name = f"parts_{self.id().rpartition('.')[2]}"
        self.place = top / self.name
        (self.place / "disk").mkdir(parents=True)
        (self.place / "__init__.py").write_text("")
        (self.place / "disk" / "__init__.py").write_text('"""Disks."""\n')
        (self.place / "disk" / "_help.py").write_text("def helper():\n    return 1\n")
        (self.place / "disk" / "free.py").write_text(
            f"from {self.name}.disk._help import helper\n\ndef free():\n    return __opts__['x']\n"
        )
        (self.place / "disk" / "used.py").write_text("def used():\n    return 2\n")
        sys.path.insert(0, str(top))
        self.addCleanup(sys.path.remove, str(top))
        importlib.invalidate_caches()

    def test_public_functions_of_all_files(self) -> None:
        """
        The module has what its files have, with dunders, and not what they only import.
        """
        functions = Functions([package(self.name)], {"__opts__": {"x": 5}})
        self.assertEqual(functions.names(), ["disk.free", "disk.used"])
        self.assertEqual(functions["disk.free"](), 5)

    def test_users_file_replaces_the_folder(self) -> None:
        """
        A module of mine of the same name stands in for the whole folder.
        """
        own = Path(self.mktemp())
        own.mkdir()
        (own / "disk.py").write_text("def mine():\n    return 3\n")
        functions = Functions([folder(own), package(self.name)], {})
        self.assertEqual(functions.names(), ["disk.mine"])

    def test_broken_file_disables_the_module(self) -> None:
        """
        A file that does not import takes the module with it, and says why.
        """
        (self.place / "disk" / "broken.py").write_text("import no_such_thing\n")
        functions = Functions([package(self.name)], {})
        self.assertEqual(functions.names(), [])
        self.assertIn("no_such_thing", functions.missing_reason("disk.free"))
