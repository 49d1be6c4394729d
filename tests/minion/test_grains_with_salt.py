"""
The grains of this machine side by side with those that Salt finds on it.
"""

import json
import subprocess
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.interop import environments
from txsalt.minion.grains.collect import collect

LINE = "3008"

# Grains that differ, and why. "value": in both, with another value; "ours", "Salt's": only there.
DIFFERENT = {
    "ca_truststore": ("value", "txsalt checks web servers by the certificates of the system"),
    "cwd": ("value", "each program has its own"),
    "fibre_channel_host": ("Salt's", "behind an option of Salt's (fibre_channel_grains), off"),
    "pid": ("value", "each program has its own"),
    "path": ("value", "an environment activates itself there"),
    "pythonexecutable": ("value", "each lives in an environment of its own"),
    "pythonpath": ("value", "each lives in an environment of its own"),
    "saltpath": ("value", "where each is installed"),
    "saltversion": ("value", "the line that the minion is compatible with, without a patch level"),
    "saltversioninfo": ("value", "the same"),
    "systempath": ("value", "an environment activates itself there"),
    "txsaltversion": ("ours", "Salt has none"),
    "zmqversion": ("value", "each has its own library"),
}


class GrainsWithSaltTests(SynchronousTestCase):
    """What users of Salt target by, they find again."""

    maxDiff = None

    def test_same_grains(self) -> None:
        """
        Every grain but those of the table is there, with the same value.
        """
        if not environments.is_ready(LINE):
            raise SkipTest(
                f"needs an environment of Salt {LINE}: run python -m tests.interop.environments "
                f"{LINE}, or set TXSALT_INTEROP_CACHE to a folder that has one"
            )
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        config = {"id": "web-01", "master": "salt", "config_dir": str(folder)}
        theirs = self.salts(folder)
        ours = json.loads(json.dumps(collect(config), default=repr))
        found: dict[str, str] = {}
        for name in {*ours, *theirs}:
            if name not in ours:
                found[name] = "Salt's"
            elif name not in theirs:
                found[name] = "ours"
            elif ours[name] != theirs[name]:
                found[name] = "value"
        unknown = {
            name: (kind, ours.get(name), theirs.get(name))
            for name, kind in found.items()
            if name not in DIFFERENT or DIFFERENT[name][0] != kind
        }
        self.assertEqual(unknown, {})

    def test_differences_are_documented(self) -> None:
        """
        Users find in the documents each grain that differs.
        """
        page = (Path(__file__).parents[2] / "docs/modules.md").read_text()
        self.assertEqual([name for name in DIFFERENT if f"`{name}`" not in page], [])

    def salts(self, folder: Path) -> dict[str, Any]:
        """Give Salt's grains, of a minion without a master."""
        (folder / "minion").write_text(f"id: web-01\nroot_dir: {folder}/root\n")
        call = environments.command(LINE, "salt-call")
        done = subprocess.run(
            [call, "-c", str(folder), "--local", "--out", "json", "grains.items"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        grains: dict[str, Any] = json.loads(done.stdout)["local"]
        return grains
