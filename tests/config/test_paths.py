"""root_dir, and patterns in roots."""

from tests.config.folder import FolderTestCase
from txsalt.config.read import read_master


class RootDirTests(FolderTestCase):
    def test_prepended(self) -> None:
        """
        root_dir is prepended to paths, set or not, but not twice, and not to a URL.
        """
        self.write(
            "master",
            "root_dir: /r/\ncachedir: /c\nsock_dir: /r/s\npidfile: p\nlog_file: file:///x\n",
        )
        config, _ = read_master(self.folder)
        self.assertEqual(
            (config.root_dir, config.cachedir, config.sock_dir), ("/r", "/r/c", "/r/s")
        )
        self.assertEqual((config.pidfile, config.log_file), ("/r/p", "file:///x"))
        self.assertEqual(config.extension_modules, "/r/c/extmods")
        self.assertEqual(config.pki_dir, f"{self.folder}/pki/master")

    def test_set_pki_dir(self) -> None:
        """
        A pki_dir that the file sets is moved as well; /rx does not lie in /r.
        """
        self.write("master", "root_dir: /r\npki_dir: /rx\n")
        self.assertEqual(read_master(self.folder)[0].pki_dir, "/r/rx")

    def test_lists_of_ids(self) -> None:
        """
        The files that decide about keys are below root_dir as well; unset ones stay unset.
        """
        self.write("master", "root_dir: /r\nautosign_file: /etc/good\nautoreject_file: /r/bad\n")
        config = read_master(self.folder)[0]
        found = (config.autosign_file, config.autoreject_file, config.autosign_grains_dir)
        self.assertEqual(found, ("/r/etc/good", "/r/bad", None))


class RootsTests(FolderTestCase):
    def test_patterns(self) -> None:
        """
        A pattern in file_roots stands for the folders that match; other folders need not exist.
        """
        for name in ("b", "a"):
            self.write(f"formulas/{name}/init.sls", "")
        self.write("master", f"file_roots: {{base: [/no/such, '{self.folder}/formulas/*']}}\n")
        found = read_master(self.folder)[0].file_roots["base"]
        self.assertEqual(
            found, ["/no/such", f"{self.folder}/formulas/a", f"{self.folder}/formulas/b"]
        )

    def test_forms(self) -> None:
        """
        A single folder may stand without a list, and an environment may have none.
        """
        self.write("master", "pillar_roots: {base: /p, 1: }\n")
        self.assertEqual(read_master(self.folder)[0].pillar_roots, {"base": ["/p"], "1": []})
