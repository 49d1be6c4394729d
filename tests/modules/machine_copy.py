"""
A copy of this machine to play with: what a module changes in it is gone with it.

The copy is this machine's root folder below an overlay in memory, in namespaces of its own for
mounts and processes. Real programs (crontab, dnf, sv, systemctl …) run in it as root, and find
this machine's files; what they write goes to the overlay. Network and users' ids are shared.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.modules import machine_copy_inside as inside

_PROGRAM = str(Path(inside.__file__))
_LONGEST = 240  # seconds that a play may last


def need_copies(boot: str = "") -> None:
    """Skip a test on a machine that cannot be copied, or booted so, saying what it lacks."""
    if lack := _lack() or (boot and _lack(boot)):
        raise SkipTest(lack)


def need_programs(**packages: str) -> None:
    """Skip a test unless this machine has programs; the values name their packages."""
    for program, package in packages.items():
        if shutil.which(program, path=inside.PATH) is None:
            raise SkipTest(f"needs {program}: apt-get install {package}")


def play(
    steps: list[dict[str, Any]], *, grains: dict[str, Any] | None = None, boot: str = ""
) -> list[dict[str, Any]]:
    """
    Play steps in a new copy and give what came of each; see machine_copy_inside.

    ``boot`` may be "systemd" or "runit", which then is process 1 of the copy.
    """
    folder = tempfile.mkdtemp(prefix="txsalt-copy-")
    try:
        asked = {"steps": steps, "grains": grains or {}, "boot": boot, "folder": folder}
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
             sys.executable, _PROGRAM, "outside"],
            input=json.dumps(asked), capture_output=True, text=True, timeout=_LONGEST, check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    finally:
        os.rmdir(folder)  # the overlay was mounted for the play only, so nothing is in it
        inside.remove_groups(folder)
    if done.returncode:
        return [{"error": "no copy", "text": (done.stderr or done.stdout)[-2000:]}]
    return json.loads(done.stdout)


@functools.cache
def _lack(boot: str = "") -> str:
    if os.geteuid() != 0:
        return "needs root, to play in a copy of this machine"
    if shutil.which("unshare") is None:
        return "needs unshare, of the package util-linux"
    tried = play([{"sh": "true"}], boot=boot)
    if tried == [{"value": [0, ""]}]:
        return ""
    what = f"a {boot} that boots in it" if boot else "overlays in namespaces of its own"
    return f"needs a copy of this machine with {what}: {tried}"[:400]


class CopyCase(SynchronousTestCase):
    """Tests that play in a copy of this machine, each with a list of steps and outcomes."""

    def setUp(self) -> None:
        need_copies()

    def check(self, table: Sequence[tuple[dict[str, Any], Any]], **options: Any) -> None:
        """Play the steps of a table; each outcome must be the one beside it, or satisfy it."""
        found = play([step for step, _ in table], **options)
        self.assertEqual(len(found), len(table), found)
        for (step, wanted), outcome in zip(table, found, strict=True):
            value = outcome.get("value", outcome)
            holds = wanted(value) if callable(wanted) else value == wanted
            self.assertTrue(holds, f"{step}\n  gave {value!r}\n  not  {wanted!r}")


def call(fun: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """A step: call a function."""
    return {"fun": fun, "args": list(args), "kwargs": kwargs}


def sh(text: str) -> dict[str, Any]:
    """A step: run a line of shell; its outcome is [exit code, output]."""
    return {"sh": text}


def until(step: dict[str, Any], value: Any) -> dict[str, Any]:
    """A step: repeat another until it gives this value, for a time."""
    return {**step, "until": value}
