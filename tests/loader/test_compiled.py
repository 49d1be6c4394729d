"""Modules that are no Python source: those that are loaded, and what is said of the others."""

import os
import shutil
import sysconfig
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext
from txsalt.minion.jobrunner import execute


class CompiledTests(SynchronousTestCase):
    """Modules as saltutil.sync_modules leaves them, and jobs that call them."""

    def setUp(self) -> None:
        """Make the folder."""
        self.folder = Path(self.mktemp()).absolute() / "modules"
        self.folder.mkdir(parents=True)
        self.context = FakeContext({"extension_modules": str(self.folder.parent)})

    def run_job(self, name: str) -> object:
        """What a job with this function returns."""
        return execute.run({"fun": name, "arg": []}, self.context)["return"]

    def test_built_module(self) -> None:
        """
        Functions of a module that was built from C are called as any other.
        """
        source = Path(sysconfig.get_config_var("DESTSHARED"), f"resource{EXTENSION_SUFFIXES[0]}")
        if not source.exists():
            raise SkipTest("needs the module resource of this Python as a file of its own")
        shutil.copy(source, self.folder)
        self.assertEqual(self.run_job("resource.getpagesize"), os.sysconf("SC_PAGE_SIZE"))
        listed = self.run_job("sys.list_modules")
        assert isinstance(listed, list)
        self.assertIn("resource", listed)
        self.assertEqual(self.run_job("test.ping"), True)

    def test_reasons(self) -> None:
        """
        A module that cannot be loaded says why: to who calls it, and in sys.failed_modules.
        """
        reasons = {
            "source.pyx": "Cython source is not compiled here",
            "packed.zip": "modules are not loaded from archives",
            "foreign.cpython-12-riscv.so": "it was built for another Python",
            "broken.so": "ImportError",
        }
        for name in reasons:
            (self.folder / name).write_bytes(b"\x7fno such thing")
        failed = self.run_job("sys.failed_modules")
        assert isinstance(failed, dict)
        for file, reason in reasons.items():
            name = file.partition(".")[0]
            answer = str(self.run_job(f"{name}.f"))
            self.assertTrue(answer.startswith(f"'{name}.f' is not available"), answer)
            self.assertIn(reason, answer)
            self.assertIn(file, answer)
            self.assertIn(reason, str(failed))
