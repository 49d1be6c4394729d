"""
The file module side by side with Salt's: one table of calls, each played by both.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.interop import environments
from tests.modules import stage
from tests.modules.calls import FakeContext, modules
from tests.modules.file_calls import CONTENT
from tests.modules.file_calls_managed import MANAGING
from tests.modules.file_calls_places import PLACES
from tests.modules.file_calls_templates import SPECIAL, TEMPLATES

LINE = "3008"
CALLS = [*CONTENT, *PLACES, *MANAGING, *TEMPLATES, *SPECIAL]
TIME = 300  # seconds for all calls of one side


class SideBySideTests(SynchronousTestCase):
    """What users of Salt know, they find again."""

    def setUp(self) -> None:
        """Make a folder; skip where Salt is not installed."""
        if not environments.is_ready(LINE):
            raise SkipTest(
                f"needs an environment of Salt {LINE}: run python -m tests.interop.environments "
                f"{LINE}, or set TXSALT_INTEROP_CACHE to a folder that has one"
            )
        if os.geteuid() != 0:
            raise SkipTest("needs root: owners are among what is compared")
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def test_same_answers_and_same_files(self) -> None:
        """
        Each call of the table answers the same value or error, and leaves the same files, as Salt.
        """
        self.maxDiff = None
        theirs = self.played_by_salt()
        context = FakeContext(stage.settings(self.folder), stage.GRAINS)
        find = modules(context).__getitem__
        wrong = []
        for call, their in zip(CALLS, theirs, strict=True):
            played = stage.play(find, call, stage.stage_of(self.folder))
            our = json.loads(json.dumps(played))  # as theirs went, so that tuples are lists
            if not same(our, their):
                wrong.append(f"{call}\n{our}\n{their}")
        self.assertEqual(wrong, [])

    def played_by_salt(self) -> list[dict[str, Any]]:
        """All outcomes of Salt, from one process of it."""
        done = subprocess.run(
            [environments.command(LINE, "python"), str(Path(stage.__file__).resolve())],
            input=json.dumps({"folder": self.folder, "calls": CALLS}),
            capture_output=True,
            text=True,
            timeout=TIME,
            cwd="/",
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


def same(our: dict[str, Any], their: dict[str, Any]) -> bool:
    """
    Tell whether two outcomes are the same, wording of errors aside.

    Where Salt ends in a traceback, we may say what is wrong instead.
    """
    if their.get("error") == "other":
        return our.get("error") != "other" and our["tree"] == their["tree"]
    return {**our, "text": ""} == {**their, "text": ""}
