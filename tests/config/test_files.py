"""Several files that make one configuration."""

import os

from tests.config.folder import FolderTestCase
from txsalt.config.read import read_master
from txsalt.errors import ConfigError


class IncludeTests(FolderTestCase):
    def test_default_include(self) -> None:
        """
        master.d/*.conf is read in the order of names after the file, and wins.
        """
        self.write("master", "timeout: 1\nworker_threads: 2\n")
        self.write("master.d/b.conf", "timeout: 3\n")
        self.write("master.d/a.conf", "timeout: 2\n")
        self.write("master.d/c.txt", "timeout: 4\n")
        config, _ = read_master(self.folder)
        self.assertEqual((config.timeout, config.worker_threads), (3, 2))

    def test_included_maps_are_joined(self) -> None:
        """
        A map that two included files set is joined; the map of the main file is replaced.
        """
        self.write("master", "nodegroups: {main: x}\n")
        self.write("master.d/a.conf", "nodegroups: {a: x}\nfile_roots: {base: [/a]}\n")
        self.write("master.d/b.conf", "nodegroups: {b: y}\nfile_roots: {base: [/a, /b]}\n")
        config, _ = read_master(self.folder)
        self.assertEqual(config.nodegroups, {"a": "x", "b": "y"})
        self.assertEqual(config.file_roots, {"base": ["/a", "/b"]})

    def test_include(self) -> None:
        """
        Files of include are read last, relative to the file that names them, and may include.
        """
        self.write("master", "include: more/one.conf\n")
        self.write("master.d/a.conf", "timeout: 1\n")
        self.write("more/one.conf", "timeout: 2\ninclude: [two.conf]\n")
        self.write("more/two.conf", "timeout: 3\n")
        config, warnings = read_master(self.folder)
        self.assertEqual((config.timeout, warnings), (3, []))

    def test_include_that_matches_nothing(self) -> None:
        """
        An include that matches no file is a warning.
        """
        self.write("master", "include: nowhere/*.conf\n")
        self.assertIn("nowhere/*.conf", read_master(self.folder)[1][0])

    def test_out_of_reach(self) -> None:
        """
        Options that this user may not read are a problem; the defaults do not take their place.
        """
        self.write("master.d/a.conf", "timeout: 1\n")
        folder = os.path.join(self.folder, "master.d")
        os.symlink("master", os.path.join(self.folder, "master"))  # there, and no file
        error = self.assertRaises(ConfigError, read_master, self.folder)
        self.assertIn("master cannot be read: Too many levels", str(error))
        os.unlink(os.path.join(self.folder, "master"))
        os.rename(folder, f"{folder}.real")
        os.symlink("master.d", folder)
        error = self.assertRaises(ConfigError, read_master, self.folder)
        self.assertIn("master.d cannot be read: Too many levels", str(error))

    def test_include_in_a_circle(self) -> None:
        """
        Files that include each other are a problem, not an endless start.
        """
        self.write("master", "include: a.conf\n")
        self.write("a.conf", "include: b.conf\n")
        self.write("b.conf", "include: a.conf\n")
        error = self.assertRaises(ConfigError, read_master, self.folder)
        self.assertIn("includes itself", str(error))

    def test_problem_names_the_included_file(self) -> None:
        """
        A wrong value is told with the file that holds it.
        """
        self.write("master", "")
        path = self.write("master.d/a.conf", "timeout: soon\n")
        error = self.assertRaises(ConfigError, read_master, self.folder)
        self.assertTrue(str(error).startswith(f"{path}: timeout is 'soon'"))
