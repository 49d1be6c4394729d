"""A folder for each test, and the file module in it."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.modules.calls import FakeContext, modules_and_shared


class FileCase(SynchronousTestCase):
    """Base of the tests of file."""

    def setUp(self) -> None:
        """Make the folder; load the modules."""
        self.here = Path(os.path.realpath(tempfile.mkdtemp()))
        self.addCleanup(shutil.rmtree, self.here)
        self.cachedir = self.here / "cache"
        self.context = FakeContext({"cachedir": str(self.cachedir), "file_client": "local"})
        self.functions, self.shared = modules_and_shared(self.context)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call file.name; paths may be given as such."""
        given = [str(each) if isinstance(each, Path) else each for each in args]
        return self.functions[f"file.{name}"](*given, **kwargs)

    def made(self, name: str, content: bytes = b"old\n", mode: int = 0o640) -> Path:
        """Make a file and give its path."""
        path = self.here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def names(self) -> list[str]:
        """List what is in the folder."""
        return sorted(os.listdir(self.here))
