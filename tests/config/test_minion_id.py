"""The name of a minion that its file does not name."""

import os

from tests.config.folder import FolderTestCase
from txsalt.config.files import Findings
from txsalt.config.minion import MinionConfig
from txsalt.config.minion_id import find_id, machine_names
from txsalt.light import evolve


class FindIdTests(FolderTestCase):
    def setUp(self) -> None:
        """Make a configuration without an id."""
        super().setUp()
        self.config = MinionConfig(config_dir=self.folder)
        self.findings = Findings()

    def find(self, *names: str, **options: object) -> str:
        config = evolve(self.config, **options)
        return find_id(config, self.findings, lambda: names)

    def test_first_real_name(self) -> None:
        """
        The first name that is not everybody's counts, and is kept for the next start.
        """
        names = ("localhost.localdomain", "Localhost", "", "127.0.1.1", "ip6-loopback", "Web1.lan")
        self.assertEqual(self.find(*names), "Web1.lan")
        with open(os.path.join(self.folder, "minion_id")) as file:
            self.assertEqual(file.read(), "Web1.lan")
        self.assertEqual(self.find("other"), "Web1.lan")

    def test_no_caching(self) -> None:
        """
        Without minion_id_caching no file is read or written.
        """
        self.assertEqual(self.find("a", minion_id_caching=False), "a")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "minion_id")))

    def test_shape(self) -> None:
        """
        The found name can be lower-cased, and get or lose a domain.
        """
        quiet = {"minion_id_caching": False}
        self.assertEqual(self.find("Web.X", minion_id_lowercase=True, **quiet), "web.x")
        self.assertEqual(self.find("web.x.y", minion_id_remove_domain=True, **quiet), "web")
        self.assertEqual(self.find("web.x.y", minion_id_remove_domain="Y", **quiet), "web.x")
        self.assertEqual(self.find("web", append_domain="x", **quiet), "web.x")
        self.assertEqual(self.find("web.x", append_domain="x", **quiet), "web.x")
        self.assertEqual(self.find("10.0.0.1", append_domain="x", **quiet), "10.0.0.1")

    def test_nameless_machine(self) -> None:
        """
        A machine without a name of its own is told to set the option id.
        """
        self.assertEqual(self.find("localhost"), "")
        self.assertIn("set the option id", self.findings.problems[0])

    def test_cannot_keep(self) -> None:
        """
        A folder that cannot be written is a warning; the minion runs.
        """
        self.assertEqual(self.find("a", config_dir=f"{self.folder}/none"), "a")
        self.assertIn("cannot be kept", self.findings.warnings[0])

    def test_this_machine(self) -> None:
        """
        This machine yields names, all of them text.
        """
        self.assertTrue(all(isinstance(name, str) for name in machine_names()))
