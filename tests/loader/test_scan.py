"""Which modules are there."""

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsalt.loader.scan import folder, package, scan


class ScanTests(SynchronousTestCase):
    """Names of files and folders."""

    def setUp(self) -> None:
        """Make two folders of modules."""
        self.first = Path(self.mktemp()).absolute()
        self.second = Path(self.mktemp())
        self.first.mkdir()
        self.second.mkdir()

    def test_files_and_packages_are_found(self) -> None:
        """
        A file and a folder with __init__.py are modules; hidden and private ones are not.
        """
        (self.first / "one.py").write_text("")
        (self.first / "_private.py").write_text("")
        (self.first / "notes.txt").write_text("")
        (self.first / "two").mkdir()
        (self.first / "two" / "__init__.py").write_text("")
        (self.first / "data").mkdir()
        self.assertEqual(sorted(scan([folder(self.first)])), ["one", "two"])

    def test_earlier_folder_wins(self) -> None:
        """
        A module of mine stands in for the one of the same name further down.
        """
        (self.first / "one.py").write_text("")
        (self.second / "one.py").write_text("")
        found = scan([folder(self.first), folder(self.second)])
        self.assertEqual(found["one"].path, str(self.first / "one.py"))

    def test_which_of_one_name(self) -> None:
        """
        Of one name, a folder comes before a built module, this before source, and this before what
        cannot be loaded.
        """
        built = EXTENSION_SUFFIXES[0]
        names = ["one.zip", "one.cpython-12-riscv.so", "one.py", f"one{built}", "one/__init__.py"]
        for name in names:
            path = self.first / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
            found = scan([folder(self.first)])
            self.assertEqual(list(found), ["one"])
            if name != "one.cpython-12-riscv.so":
                self.assertEqual(found["one"].path, str(path))

    def test_what_cannot_be_loaded(self) -> None:
        """
        A module of a kind that is not loaded here is there, with the reason.
        """
        for name in ("a.pyx", "b.zip", "c.cpython-12-riscv.so", "d.so", "notes.txt"):
            (self.first / name).write_bytes(b"")
        found = scan([folder(self.first)])
        self.assertEqual(list(found), ["a", "b", "c", "d"])
        self.assertIn("Cython source is not compiled", found["a"].trouble)
        self.assertIn("not loaded from archives", found["b"].trouble)
        self.assertIn("built for another Python", found["c"].trouble)
        self.assertEqual(found["d"].trouble, "")

    def test_missing_folder_is_empty(self) -> None:
        """
        A folder that does not exist has no modules and is no error.
        """
        self.assertEqual(scan([folder(self.first / "nowhere")]), {})

    def test_virtual_name_is_read_without_running(self) -> None:
        """
        The name that a module gives itself is known before it is imported.
        """
        (self.first / "aptpkg.py").write_text("__virtualname__ = 'pkg'\nraise SystemExit\n")
        (self.first / "late.py").write_text("def __virtual__():\n    return 'early'\n")
        found = scan([folder(self.first)])
        self.assertEqual(found["aptpkg"].virtual_name, "pkg")
        self.assertFalse(found["aptpkg"].may_rename)
        self.assertTrue(found["late"].may_rename)

    def test_our_own_package(self) -> None:
        """
        The modules that come with txsalt are found by their package.
        """
        self.assertLessEqual({"test", "cmd", "grains"}, set(scan([package("txsalt.modules")])))

    def test_unknown_package(self) -> None:
        """
        A package that is not there is an error.
        """
        self.assertRaises(ModuleNotFoundError, package, "txsalt_no_such_package")
