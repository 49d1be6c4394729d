"""Files between our master and our minion, as a user moves them."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from tests.integration.spine import SpineCase, SpineMaster
from tests.interop.harness import Fleet, TxMinion

BIG = os.urandom(3 << 20)  # more than the master sends at a time


class FileTests(SpineCase):
    """One minion, and a master that serves a folder and takes files."""

    ids: ClassVar[tuple[str, ...]] = ("web1",)

    def make_fleet(self) -> Fleet:
        master = SpineMaster(file_recv=True)
        roots = master.root / "srv"
        (roots / "app").mkdir(parents=True)
        (roots / "app" / "big").write_bytes(BIG)
        (roots / "app" / "motd").write_text("grüße\n")
        fleet = Fleet(master)
        fleet.add(TxMinion(master, "web1"))
        return fleet

    def setUp(self) -> None:
        """Make a folder on the minion's machine."""
        super().setUp()
        self.here = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.here)

    def ask(self, *words: str) -> Any:
        """What web1 returns to a call that must succeed."""
        answer = self.master.cli("--out", "json", "web1", *words)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""), str(answer)[:2000])
        return answer.data["web1"]

    def test_fetch_and_push(self) -> None:
        """
        A large file comes down whole, and goes up whole.
        """
        place = self.ask("cp.get_file", "salt://app/big", f"{self.here}/big")
        self.assertEqual(Path(place).read_bytes(), BIG)
        known = {"hsum": hashlib.sha256(BIG).hexdigest(), "hash_type": "sha256"}
        self.assertEqual(self.ask("cp.hash_file", "salt://app/big"), known)
        self.assertEqual(self.ask("cp.list_master", "prefix=app"), ["app/big", "app/motd"])
        self.assertEqual(self.ask("cp.get_file_str", "salt://app/motd"), "grüße\n")
        self.assertIs(self.ask("cp.push", place, "upload_path=up/big"), True)
        received = [path for path in self.master.root.rglob("big") if path.parent.name == "up"]
        self.assertEqual([path.read_bytes() for path in received], [BIG])

    def test_manage(self) -> None:
        """
        A file becomes the one of the master, and a wrong edit is told with exit code 1.
        """
        path = self.here / "motd"
        path.write_text("old\n")
        told = self.ask("file.get_diff", str(path), "salt://app/motd", "show_filenames=False")
        self.assertIn("-old\n+grüße\n", told)
        self.assertIn("+new", self.ask("file.replace", str(path), "old", "new"))
        answer = self.master.cli("web1", "file.replace", f"{path}.none", "a", "b")
        self.assertEqual(answer.returncode, 1)
        self.assertNotIn("Traceback", answer.stdout + answer.stderr)
